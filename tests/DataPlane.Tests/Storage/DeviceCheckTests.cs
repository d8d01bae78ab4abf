using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Platform.Seams;
using ClaudeFs.TestKit.Devices;
using static ClaudeFs.DataPlane.Tests.Storage.StoreHarness;

namespace ClaudeFs.DataPlane.Tests.Storage;

public sealed class DeviceCheckTests
{
    [Fact]
    public async Task A_store_closed_or_cut_off_is_clean_and_each_kind_of_damage_is_named_with_its_offset()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        byte[][] all = [Bytes(1, 65536), Bytes(2, 4000), Bytes(3, 65536)];
        var locations = (await harness.PutAsync(Chunk(all[0]), Located(all[1]), Chunk(all[2]))).Value;
        ReferenceDelta[] references = [.. locations.Zip(all, (location, bytes) => Delta(location, bytes, 1))];
        await harness.CommitAsync(references);
        Assert.Empty((await CheckAsync(harness, [], pending: [])).Findings);   // nothing is in the index yet
        var unfed = await CheckAsync(harness, references, pending: references);
        Assert.Empty(unfed.Findings);
        await harness.Store.DisposeAsync();
        var clean = await CheckAsync(harness, references, []);
        Assert.True(clean.IsClean);
        Assert.Equal((3, 65536 * 2 + 4000), (clean.Items, clean.Bytes));

        var place = harness.Storage.Geometry.PlaceOffset(0);
        device.FlipBit(place + 10);
        var damaged = Assert.Single((await CheckAsync(harness, references, [])).Findings);
        Assert.Equal((CheckSeverity.Error, place, "simulated"), (damaged.Severity, damaged.OffsetBytes, damaged.File));
        Assert.Contains("slot 0, 65536 bytes: expected CRC32C", damaged.What, StringComparison.Ordinal);
        device.FlipBit(place + 10);

        device.FlipBit(place + (256 << 10) - 100);
        var directory = Assert.Single((await CheckAsync(harness, references, [])).Findings);
        Assert.Contains("directory entries with a wrong checksum", directory.What, StringComparison.Ordinal);
        device.FlipBit(place + (256 << 10) - 100);

        var entry = harness.Storage.Geometry.EntryOffset(0);
        device.FlipBit(entry + 9);
        var table = Assert.Single((await CheckAsync(harness, references, [])).Findings);
        Assert.Equal((CheckSeverity.Warning, entry), (table.Severity, table.OffsetBytes));
        device.FlipBit(entry + 9);

        device.FlipBit(100);
        var superblock = Assert.Single((await CheckAsync(harness, references, [])).Findings);
        Assert.Contains("offset 0: damaged superblock", superblock.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counts_that_differ_from_the_metadata_are_named()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1));
        var bytes = Bytes(1, 65536);
        var kept = (await harness.PutAsync(Chunk(bytes))).Value[0];
        var lost = (await harness.PutAsync(Chunk(bytes))).Value[0];
        await harness.CommitAsync(Delta(kept, bytes, 1), Delta(lost, bytes, 1));
        await harness.Store.DisposeAsync();
        var report = await CheckAsync(harness, [Delta(kept, bytes, 2)], []);
        Assert.Equal(2, report.Findings.Count);
        Assert.Contains("refers to it 2 times, the index counts 1", report.Findings[0].What, StringComparison.Ordinal);
        Assert.Equal(CheckSeverity.Error, report.Findings[0].Severity);
        Assert.Contains("the index counts 1, the metadata does not", report.Findings[1].What, StringComparison.Ordinal);
        Assert.Equal(CheckSeverity.Warning, report.Findings[1].Severity);

        var nowhere = await CheckAsync(harness, [Delta(new(new(55), 0), bytes, 1)], []);
        Assert.Contains(nowhere.Findings, f => f.What.EndsWith("there is no such item", StringComparison.Ordinal));
    }

    private static async Task<CheckReport> CheckAsync(
        StoreHarness harness, ReferenceDelta[] references, ReferenceDelta[] pending)
    {
        var progress = new Recorder();
        var storage = await StorageDevice.OpenAsync(harness.Device, new() { ReadOnly = true }, new SystemIdSource());
        var check = await DeviceCheck.BeginAsync(storage, harness.Index, TimeProvider.System);
        var report = await check.RunAsync(references, pending, progress);
        if (references.Length > 0) Assert.Equal(references.Length, progress.Last.Items);
        return report;
    }

    private sealed class Recorder : IProgress<CheckProgress>
    {
        public CheckProgress Last { get; private set; }

        public void Report(CheckProgress value) => Last = value;
    }
}
