using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using static ClaudeFs.DataPlane.Tests.Storage.StoreHarness;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>A store in use is read whole: what is as it was stored is no finding, whatever happens beside it.</summary>
public sealed class ScrubTests
{
    private const int ItemBytes = 65536;

    [Fact]
    public async Task Each_kind_of_damage_is_named_with_its_offset_and_what_is_lost()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        var (references, _) = await FillAsync(harness, 12);   // of which the first segments are full
        await harness.Store.MaintainAsync();
        var clean = await ScrubAsync(harness);
        Assert.Empty(clean.Findings);
        Assert.True(clean.Bytes >= 12 * ItemBytes, $"{clean.Bytes} bytes were read");

        var place = harness.Storage.Geometry.PlaceOffset(0);
        var entry = harness.Storage.Geometry.EntryOffset(0);
        long[] offsets =
        [
            0, DeviceGeometry.SecondSuperblockOffset, entry, place,
            place + (256 << 10) - SegmentDirectory.BytesFor(SegmentDirectory.CountMax(256 << 10)),
        ];
        foreach (var offset in offsets)
        {
            var at = offset < place + 1 ? offset + 9 : place + (256 << 10) - 100;
            device.FlipBit(at);
            var (findings, lost, _) = await ScrubAsync(harness);
            var finding = Assert.Single(findings);
            Assert.Equal((offset, "simulated"), (finding.OffsetBytes, finding.File));
            if (offset == place) Assert.Equal(references[0].Location, Assert.Single(lost));
            else Assert.Empty(lost);
            device.FlipBit(at);
        }
    }

    [Fact]
    public async Task An_item_that_the_device_cannot_read_is_named()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        var (references, _) = await FillAsync(harness, 2);
        var place = harness.Storage.Geometry.PlaceOffset(0);
        device.Fault = (in SimulatedOperation operation) =>
            operation.Kind == SimulatedOperationKind.Read && operation.Offset == place ? FsError.EIO : FsError.None;
        var (findings, lost, _) = await ScrubAsync(harness);
        Assert.Equal(place, Assert.Single(findings).OffsetBytes);
        Assert.Equal(references[0].Location, Assert.Single(lost));
    }

    [Fact]
    public async Task What_goes_and_moves_beside_it_is_no_finding()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device, capacity: 8 << 20);
        var (references, contents) = await FillAsync(harness, 24);
        var reads = 0;
        var (findings, lost, _) = await ScrubAsync(harness, async () =>
        {
            // Every third item goes, then its place is used again: the rest is moved while it is read.
            if (++reads % 3 != 0 || reads / 3 > references.Length) return;
            var gone = reads / 3 - 1;
            await harness.CommitAsync(Delta(references[gone].Location, contents[gone], -1));
            await harness.PassEpochsAsync();
            await FillAsync(harness, 1, seed: 1000 + reads);
        });
        Assert.True(reads > 24, $"{reads} reads");
        Assert.Empty(findings);
        Assert.Empty(lost);
    }

    private static async Task<(ReferenceDelta[] References, byte[][] Contents)> FillAsync(
        StoreHarness harness, int count, int seed = 1)
    {
        var contents = Enumerable.Range(seed, count).Select(i => Bytes(i, ItemBytes)).ToArray();
        var references = new ReferenceDelta[count];
        for (var i = 0; i < count; i++)
        {
            var put = await harness.PutAsync(Chunk(contents[i]));
            Assert.False(put.IsError, $"put {i}: {put.Error}");
            references[i] = Delta(put.Value[0], contents[i], 1);
            await harness.CommitAsync(references[i]);
        }

        return (references, contents);
    }

    private static async Task<(List<CheckFinding> Findings, List<ChunkLocation> Lost, long Bytes)> ScrubAsync(
        StoreHarness harness, Func<Task>? beside = null)
    {
        var observer = new Observer(beside);
        await harness.Store.ScrubAsync(observer);
        return (observer.Findings, observer.Lost, observer.Bytes);
    }

    private sealed class Observer(Func<Task>? beside) : IScrubObserver
    {
        public List<CheckFinding> Findings { get; } = [];

        public List<ChunkLocation> Lost { get; } = [];

        public long Bytes { get; private set; }

        public async ValueTask ReadAsync(long bytes, CancellationToken cancellationToken)
        {
            Bytes += bytes;
            if (beside is not null) await beside();
        }

        public void Found(CheckFinding finding, ChunkLocation? lost)
        {
            Findings.Add(finding);
            if (lost is { } location) Lost.Add(location);
        }
    }
}
