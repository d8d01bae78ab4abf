using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using static ClaudeFs.DataPlane.Tests.Storage.StoreHarness;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>A writer without space: what it waits for, and when it is refused.</summary>
public sealed class BlockStoreReclaimTests
{
    private const int ChunkBytes = 65536;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_writer_waits_for_what_its_owner_still_has_to_let_go_and_for_the_epochs_of_garbage()
    {
        var (harness, owner) = await OpenFullAsync();
        owner.Garbage.AddRange(owner.Live);   // deleted, and nobody has told the store
        var used = harness.Store.Statistics.Space.UsedBytes;
        var reserved = await harness.Client.ReserveAsync(used, default).AsTask().WaitAsync(Bound);
        Assert.Equal(FsError.None, reserved.Error);
        Assert.Empty(owner.Garbage);
        Assert.Equal(0, harness.Store.Statistics.Space.UsedBytes);
    }

    [Fact]
    public async Task A_put_that_waited_is_pinned_in_the_epoch_in_which_it_was_stored()
    {
        var (harness, owner) = await OpenFullAsync();
        owner.Garbage.AddRange(owner.Live);
        var locations = new ChunkLocation[1];
        var before = harness.Store.Epochs.Current;
        var put = await harness.Client.PutAsync(new[] { Chunk(Bytes(1, ChunkBytes)) }, locations, default)
            .AsTask().WaitAsync(Bound);
        Assert.Equal(FsError.None, put.Error);
        Assert.True(harness.Store.Epochs.Current >= before + 2);
        Assert.Equal(harness.Store.Epochs.Current, put.Value.GarbageEpoch);
    }

    [Fact]
    public async Task A_full_store_without_garbage_refuses_after_one_look()
    {
        var (harness, owner) = await OpenFullAsync();
        var before = owner.StepCount;
        Assert.Equal(FsError.ENOSPC, (await harness.Client.ReserveAsync(ChunkBytes, default)).Error);
        Assert.Equal(before + 1, owner.StepCount);
        Assert.Equal(FsError.ENOSPC, (await harness.PutAsync(Chunk(Bytes(1, ChunkBytes)))).Error);
        Assert.Equal(before + 2, owner.StepCount);
    }

    [Fact]
    public async Task Garbage_that_is_not_enough_is_not_waited_for_again_and_again()
    {
        var (harness, owner) = await OpenFullAsync();
        owner.Garbage.AddRange(owner.Live.Take(2));
        Assert.Equal(FsError.ENOSPC,
            (await harness.Client.ReserveAsync(8 * ChunkBytes, default).AsTask().WaitAsync(Bound)).Error);
        Assert.Empty(owner.Garbage);
        Assert.False((await harness.Client.ReserveAsync(2 * ChunkBytes, default)).IsError);
    }

    [Fact]
    public async Task Puts_that_nobody_commits_do_not_hold_a_writer_longer_than_their_epochs()
    {
        var (harness, owner) = await OpenFullAsync(commitLast: false);
        var before = owner.StepCount;
        var reserved = await harness.Client.ReserveAsync(ChunkBytes, default).AsTask().WaitAsync(Bound);
        Assert.Equal(FsError.None, reserved.Error);   // the last put was never named: its space comes back
        Assert.InRange(owner.StepCount, before + 2, before + 6);
    }

    private static async Task<(StoreHarness Harness, Owner Owner)> OpenFullAsync(bool commitLast = true)
    {
        var harness = await OpenAsync(
            new SimulatedBlockDevice(1), options: new() { Background = false, InlineContinuations = true });
        var owner = new Owner(harness);
        harness.Store.Reclaimer = owner;
        while (true)
        {
            var bytes = Bytes(owner.Live.Count, ChunkBytes);
            var space = harness.Store.Statistics.Space;
            if (space.CapacityBytes - space.UsedBytes < ChunkBytes) break;
            var put = await harness.PutAsync(Chunk(bytes));
            Assert.Equal(FsError.None, put.Error);
            space = harness.Store.Statistics.Space;
            var isLast = space.CapacityBytes - space.UsedBytes < ChunkBytes;
            if (isLast && !commitLast) break;
            await harness.CommitAsync(Delta(put.Value[0], bytes, 1));
            owner.Live.Add(Delta(put.Value[0], bytes, -1));
        }

        return (harness, owner);
    }

    /// <summary>Lets go of a quarter of the garbage a step, and confirms the epoch at each.</summary>
    private sealed class Owner(StoreHarness harness) : ISpaceReclaimer
    {
        public List<ReferenceDelta> Live { get; } = [];

        public List<ReferenceDelta> Garbage { get; } = [];

        public int StepCount { get; private set; }

        public async ValueTask<bool> ReclaimAsync()
        {
            StepCount++;
            var count = (Garbage.Count + 3) / 4;
            if (count > 0) await harness.CommitAsync([.. Garbage.Take(count)]);
            Garbage.RemoveRange(0, count);
            await harness.Store.FlushAsync();
            harness.Owner.Confirm(harness.Store.Epochs.Current);
            return Garbage.Count > 0;
        }
    }
}
