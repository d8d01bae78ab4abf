using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using static ClaudeFs.DataPlane.Tests.Storage.StoreHarness;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>The index made anew after single losses; <see cref="BlockStoreModel"/> does it at random moments.</summary>
public sealed class IndexRebuildTests
{
    private const int ItemBytes = 60_000;

    [Fact]
    public async Task A_moved_item_is_found_when_its_first_place_still_has_its_name_but_other_bytes()
    {
        var (harness, live) = await OpenCompactedAsync();
        var rows = Rows(harness.Index);
        var (row, item) = rows.SelectMany(row => row.DecodeItems().Select(item => (row, item)))
            .First(pair => pair.row.Place < 0 && !pair.item.Host.IsNone);
        var geometry = harness.Storage.Geometry;
        var free = Enumerable.Range(0, harness.Storage.PlaceCount).First(place => rows.All(r => r.Place != place));
        await WriteEntryAsync(harness, free, new(row.Id, PlaceState.Sealed, SegmentKind.Chunks, 1_000));
        await harness.Device.WriteAsync(
            geometry.PlaceOffset(free) + ((long)item.Slot * ChunkLocation.SlotBytes), new byte[65536]);

        var (index, report) = await RebuildAsync(harness, live);
        Assert.Empty(report.Lost);
        var found = Rows(index).Single(r => r.Id == row.Id).DecodeItems().Single(i => i.Slot == item.Slot);
        Assert.Equal(item, found);
        await AssertReadableAsync(harness, index, live);
    }

    [Fact]
    public async Task A_damaged_table_entry_costs_nothing_where_a_directory_says_whose_the_place_is()
    {
        var (harness, live) = await OpenCompactedAsync();
        foreach (var row in Rows(harness.Index).Where(row => row.Place >= 0))
        {
            harness.Device.FlipBit(harness.Storage.Geometry.EntryOffset(row.Place) + 9);
        }

        var (_, report) = await RebuildAsync(harness, live);
        Assert.Empty(report.Lost);
        Assert.Equal(live.Count, report.Items);
    }

    [Fact]
    public async Task What_lies_nowhere_is_named_and_the_rest_is_there()
    {
        var (harness, live) = await OpenCompactedAsync();
        var nowhere = Delta(new(new(999), 64), Bytes(1, 5000), 2);
        var (index, report) = await RebuildAsync(harness, live, nowhere);
        Assert.Equal([nowhere], report.Lost);
        Assert.Equal(live.Count, report.Items);
        await AssertReadableAsync(harness, index, live);
    }

    [Fact]
    public async Task An_index_that_is_older_than_the_log_or_than_the_device_is_refused_as_such()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        var bytes = Bytes(1, 65536);
        var location = (await harness.PutAsync(Chunk(bytes))).Value[0];
        await harness.CommitAsync(Delta(location, bytes, 1));
        await harness.Store.DisposeAsync();
        var stale = await Assert.ThrowsAsync<FsException>(() => OpenAsync(
            device, harness.Index, options: new() { Background = false, FirstAppend = harness.Cursor + 2 }));
        Assert.Equal(FsError.ESTALE, stale.Error);
        Assert.Contains("its counts end at append 1, the log begins at 3", stale.Message, StringComparison.Ordinal);

        // The place went to another segment, which only a later index would know.
        await WriteEntryAsync(harness, 0, new(new(12345), PlaceState.Open, SegmentKind.Chunks, 1_000));
        var other = await Assert.ThrowsAsync<FsException>(() => OpenAsync(device, harness.Index));
        Assert.Equal(FsError.ESTALE, other.Error);
        Assert.Contains("referenced 1 times, but its bytes are gone", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_index_is_a_loss_only_beside_segments()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        Assert.Null(await IndexRebuild.FindFaultAsync(harness.Storage, new MemorySegmentIndex()));
        await harness.PutAsync(Chunk(Bytes(1, 65536)));
        Assert.Null(await IndexRebuild.FindFaultAsync(harness.Storage, harness.Index));
        Assert.NotNull(await IndexRebuild.FindFaultAsync(harness.Storage, new MemorySegmentIndex()));
    }

    // A full store of which two thirds were deleted, and full again: what was left had to be moved together.
    private static async Task<(StoreHarness Harness, List<(ChunkLocation At, byte[] Bytes)> Live)> OpenCompactedAsync()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1), capacity: 8 << 20);
        var live = new List<(ChunkLocation At, byte[] Bytes)>();
        await FillAsync(harness, live);
        var dead = live.Where((_, i) => i % 3 != 0).ToArray();
        live.RemoveAll(dead.Contains);
        await harness.CommitAsync([.. dead.Select(item => Delta(item.At, item.Bytes, -1))]);
        await harness.PassEpochsAsync();
        await FillAsync(harness, live);
        Assert.True(harness.Store.Statistics.MovedItems > 0);
        await harness.Store.DisposeAsync();
        return (harness, live);
    }

    private static async Task FillAsync(StoreHarness harness, List<(ChunkLocation At, byte[] Bytes)> live)
    {
        while (true)
        {
            var bytes = Bytes(live.Count, ItemBytes);
            var put = await harness.PutAsync(Chunk(bytes));
            if (put.Error == FsError.ENOSPC) return;
            await harness.CommitAsync(Delta(put.Value[0], bytes, 1));
            live.Add((put.Value[0], bytes));
        }
    }

    private static async Task<(MemorySegmentIndex Index, RebuildReport Report)> RebuildAsync(
        StoreHarness harness, List<(ChunkLocation At, byte[] Bytes)> live, params ReferenceDelta[] more)
    {
        var index = new MemorySegmentIndex();
        var storage = await StorageDevice.OpenAsync(harness.Device, new() { ReadOnly = true }, new SystemIdSource());
        ReferenceDelta[] references = [.. live.Select(item => Delta(item.At, item.Bytes, 1)), .. more];
        var report = await IndexRebuild.RunAsync(
            storage, index, new(references, [], harness.Cursor, default), null, TimeProvider.System);
        return (index, report);
    }

    private static async Task AssertReadableAsync(
        StoreHarness harness, MemorySegmentIndex index, List<(ChunkLocation At, byte[] Bytes)> live)
    {
        var again = await OpenAsync(harness.Device, index, capacity: 8 << 20);
        foreach (var (at, bytes) in live) Assert.Equal(FsError.None, await again.ReadErrorAsync(at, bytes));
        await again.PassEpochsAsync();
        Assert.Equal(live.Count * 61_440L, again.Store.Statistics.Space.UsedBytes);
    }

    private static List<SegmentRow> Rows(MemorySegmentIndex index)
    {
        var rows = new List<SegmentRow>();
        index.Load(rows.Add);
        return rows;
    }

    private static async Task WriteEntryAsync(StoreHarness harness, int place, SegmentTableEntry entry)
    {
        var offset = harness.Storage.Geometry.EntryOffset(place);
        var block = new byte[4096];
        await harness.Device.ReadAsync(offset / 4096 * 4096, block);
        entry.Write(block.AsSpan((int)(offset % 4096)), place);
        await harness.Device.WriteAsync(offset / 4096 * 4096, block);
    }
}
