using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using static ClaudeFs.DataPlane.Tests.Storage.StoreHarness;

namespace ClaudeFs.DataPlane.Tests.Storage;

public sealed class BlockStoreSpaceTests
{
    private const int Capacity = 16 << 20;

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task A_store_filled_and_emptied_again_and_again_always_takes_what_it_has_capacity_for(int seed)
    {
        var random = new Random(seed);
        var harness = await OpenAsync(new SimulatedBlockDevice(seed), capacity: Capacity);
        for (var round = 0; round < 4; round++)
        {
            var live = await FillAsync(harness, random);
            var space = harness.Store.Statistics.Space;
            Assert.Equal(live.Sum(item => (item.Bytes.Length + 4095L) / 4096 * 4096), space.UsedBytes);
            Assert.True(space.UsedBytes > space.CapacityBytes - (70 << 10), $"full at {space.UsedBytes} of {space}");

            // Full: everything is readable, small overwrites and deletes go on, and what they free is usable.
            for (var i = 0; i < 40; i++) await OverwriteAsync(harness, live, random);
            foreach (var (location, bytes) in live)
            {
                Assert.Equal(FsError.None, await harness.ReadErrorAsync(location, bytes));
            }

            await DeleteAsync(harness, live, keep: item => random.Next(10) == 0);
            foreach (var (location, bytes) in live)
            {
                Assert.Equal(FsError.None, await harness.ReadErrorAsync(location, bytes));
            }

            await FillAsync(harness, random, live);   // holes of every size: only compaction makes room
            await DeleteAsync(harness, live, keep: _ => false);
            var empty = harness.Store.Statistics;
            Assert.Equal((0L, 0L), (empty.Space.UsedBytes, empty.IdleBytes));
            Assert.True(empty.FreePlaces >= empty.Places - 4, $"{empty.FreePlaces} of {empty.Places} places are free");
        }

        Assert.True(harness.Store.Statistics.MovedItems > 0);
    }

    [Fact]
    public async Task What_is_reserved_is_there_for_its_client_and_for_nobody_else()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1), capacity: Capacity);
        using var other = harness.Store.CreateClient();
        var capacity = harness.Store.Statistics.Space.CapacityBytes;
        Assert.False((await other.ReserveAsync(capacity - 65536, default)).IsError);
        Assert.Equal(FsError.None, (await harness.PutAsync(Chunk(Bytes(1, 65536)))).Error);
        Assert.Equal(FsError.ENOSPC, (await harness.PutAsync(Located(Bytes(2, 1)))).Error);
        Assert.Equal(FsError.ENOSPC, (await other.ReserveAsync(1, default)).Error);

        var items = new[] { Chunk(Bytes(3, 65536)) };
        Assert.False((await other.PutAsync(items, new ChunkLocation[1], default)).IsError);
        Assert.Equal(capacity - (2 * 65536), (await other.GetSpaceAsync(default)).Value.ReservedBytes);
        Assert.False((await other.ReserveAsync(-65536, default)).IsError);
        Assert.Equal(FsError.None, (await harness.PutAsync(Located(Bytes(2, 1)))).Error);
        other.Dispose();
        Assert.Equal(0, harness.Store.Statistics.Space.ReservedBytes);
    }

    [Fact]
    public async Task Nothing_is_reused_before_two_epochs_the_durable_counts_and_the_tables_say_so()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1), capacity: Capacity);
        var bytes = Bytes(1, 65536);
        var location = (await harness.PutAsync(Chunk(bytes))).Value[0];
        await harness.CommitAsync(Delta(location, bytes, 1));
        harness.Store.SetTablesCursor(harness.Cursor);
        await harness.CommitAsync(Delta(location, bytes, -1));
        await ExpectUsedAsync(65536);                    // no epoch has passed
        for (var i = 0; i < 4; i++) await RaiseAsync();
        await ExpectUsedAsync(65536);                    // counts are not durable
        await harness.Store.FlushAsync();
        await ExpectUsedAsync(65536);                    // the metadata's tables are not
        Assert.Equal(0, harness.Store.Statistics.ReclaimedBytes);
        harness.Store.SetTablesCursor(harness.Cursor);
        await ExpectUsedAsync(0);
        Assert.Equal(65536, harness.Store.Statistics.ReclaimedBytes);

        async Task RaiseAsync()
        {
            harness.Owner.Confirm(harness.Store.Epochs.Current);
            await harness.Store.MaintainAsync();
        }

        async Task ExpectUsedAsync(long expected)
        {
            await harness.Store.MaintainAsync();
            Assert.Equal(expected, harness.Store.Statistics.Space.UsedBytes);
        }
    }

    [Fact]
    public async Task A_put_whose_writer_died_is_given_back_also_after_a_crash()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device, capacity: Capacity);
        await harness.PutAsync(Chunk(Bytes(1, 65536)), Chunk(Bytes(2, 65536)));
        await device.FlushAsync();
        var next = await OpenAsync(device.CutPower(), harness.Index, Capacity);
        Assert.NotEqual(0, next.Store.Statistics.Space.UsedBytes);   // the log could still name what lies there
        await next.PassEpochsAsync();
        Assert.Equal(0, next.Store.Statistics.Space.UsedBytes);
        Assert.Equal(next.Store.Statistics.Places, next.Store.Statistics.FreePlaces);
    }

    [Fact]
    public void An_epoch_ends_when_all_have_confirmed_it_and_never_without_anybody()
    {
        var epochs = new GarbageEpochs(3);
        Assert.False(epochs.TryRaise());
        var first = epochs.Register("first");
        var second = epochs.Register("second");
        var start = epochs.Current;
        first.Confirm(start);
        Assert.False(epochs.TryRaise());
        Assert.Equal(["second"], epochs.FindSilent());
        second.Confirm(start);
        Assert.True(epochs.TryRaise());
        Assert.Equal(start + 1, epochs.Current);
        Assert.False(epochs.TryRaise());
        first.Confirm(start + 1);
        second.Dispose();
        Assert.True(epochs.TryRaise());
        Assert.Throws<InvariantException>(() => first.Confirm(start + 99));
        // Pins of an earlier start are too old in every later one.
        Assert.True(new GarbageEpochs(4).Current > epochs.Current + 1_000_000);
    }

    [Fact]
    public async Task A_repeated_cursor_is_applied_once_and_references_to_nothing_are_counted()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1), capacity: Capacity);
        var bytes = Bytes(1, 4096);
        var location = (await harness.PutAsync(Located(bytes))).Value[0];
        ReferenceDelta[] up = [Delta(location, bytes, 1)];
        ReferenceDelta[] down = [Delta(location, bytes, -1)];
        harness.Store.Apply(1, default, up);
        harness.Store.Apply(1, default, down);
        Assert.Equal(0, harness.Store.Statistics.IdleBytes);
        harness.Store.Apply(2, default, [Delta(new(new(77), 0), bytes, 1)]);
        Assert.Equal(1, harness.Store.Statistics.FeedAnomalies);
    }

    [Fact]
    public async Task A_device_that_cannot_grow_says_how_much_it_really_has()
    {
        var device = new SimulatedBlockDevice(1) { SizeBytesMax = 90 << 20 };
        var harness = await OpenAsync(device, capacity: 128 << 20);
        var promised = harness.Store.Statistics.Space.CapacityBytes;
        await harness.Store.MaintainAsync();
        Assert.True(harness.Store.Statistics.Space.CapacityBytes < promised);
        Assert.Equal(FsError.None, (await harness.PutAsync(Chunk(Bytes(1, 65536)))).Error);
    }

    private static async Task<List<(ChunkLocation Location, byte[] Bytes)>> FillAsync(
        StoreHarness harness, Random random, List<(ChunkLocation Location, byte[] Bytes)>? live = null)
    {
        live ??= [];
        for (var number = 0; ; number++)
        {
            var bytes = Bytes(random.Next(), random.Next(3) == 0 ? random.Next(1, 4097) : 65536);
            var put = await harness.PutAsync(bytes.Length <= 4096 ? Located(bytes) : Chunk(bytes));
            if (put.Error == FsError.ENOSPC) return live;
            Assert.Equal(FsError.None, put.Error);
            await harness.CommitAsync(Delta(put.Value[0], bytes, 1));
            live.Add((put.Value[0], bytes));
            if (number % 16 == 0) await harness.PassEpochsAsync();
        }
    }

    // An overwrite of a small piece: a new one is put, one commit refers to it and lets the old one go.
    private static async Task OverwriteAsync(
        StoreHarness harness, List<(ChunkLocation Location, byte[] Bytes)> live, Random random)
    {
        var small = live.FindIndex(random.Next(live.Count / 2), item => item.Bytes.Length <= 4096);
        if (small < 0) return;
        var bytes = Bytes(random.Next(), live[small].Bytes.Length);
        var put = await harness.PutAsync(Located(bytes));
        if (put.Error == FsError.ENOSPC)
        {
            await DeleteAsync(harness, live, keep: item => item != live[^1]);
            return;
        }

        await harness.CommitAsync(
            Delta(put.Value[0], bytes, 1), Delta(live[small].Location, live[small].Bytes, -1));
        live[small] = (put.Value[0], bytes);
        await harness.PassEpochsAsync();
    }

    private static async Task DeleteAsync(
        StoreHarness harness, List<(ChunkLocation Location, byte[] Bytes)> live,
        Predicate<(ChunkLocation Location, byte[] Bytes)> keep)
    {
        var dead = live.FindAll(item => !keep(item));
        live.RemoveAll(item => dead.Contains(item));
        await harness.CommitAsync([.. dead.Select(item => Delta(item.Location, item.Bytes, -1))]);
        await harness.PassEpochsAsync();
    }
}
