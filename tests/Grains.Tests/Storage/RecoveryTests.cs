using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;

namespace ClaudeFs.Grains.Tests.Storage;

public class RecoveryTests
{
    private const int Block = 4096;

    [Fact]
    public void An_append_of_an_old_epoch_is_refused_and_the_store_stops()
    {
        var simulated = SimulatedStore.Open(1);
        simulated.CommitCreate("before");
        simulated.Loops.Run(simulated.Coordination.RaiseAsync(new(0)));
        var flushes = simulated.Device.FlushCount;
        Assert.Equal(FsError.EIO, simulated.Commit(simulated.Shard().Create("after")));
        Assert.Equal(flushes, simulated.Device.FlushCount);
        Assert.Null(simulated.Shard().Find("after"));
        Assert.True(simulated.Store.IsReadOnly(out var reason));
        Assert.Contains("epoch", reason);
        Assert.Equal(FsError.EROFS, simulated.Commit(simulated.Shard().Create("later")));
        simulated.Crash();
        Assert.Equal(["before"], simulated.Shard().List());
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_failed_write_or_flush_takes_back_what_was_pending(bool isFlush)
    {
        var simulated = SimulatedStore.Open(2);
        simulated.CommitCreate("before");
        var broken = isFlush ? SimulatedOperationKind.Flush : SimulatedOperationKind.Write;
        simulated.Device.Fault = (in SimulatedOperation operation) =>
            operation.Kind == broken ? FsError.EIO : FsError.None;
        var shard = simulated.Shard();
        var waiting = shard.Submit(shard.Create("a")).WhenCommitted<int>(1);
        shard.Submit(shard.Remove("before"));
        var reader = shard.ReplyAsync<int>(2, shard.VersionOf("a"), new(77));

        Assert.Equal(FsError.EIO, simulated.Loops.Run(waiting).Error);
        Assert.Equal(FsError.EIO, simulated.Loops.Run(reader).Error);
        Assert.True(shard.IsReadOnly(out var reason));
        Assert.Contains("log", reason);
        Assert.Equal(["before"], shard.List());
        Assert.Equal(0UL, shard.VersionOf("before").Sequence);
        Assert.Equal(FsError.EROFS, simulated.Commit(shard.Create("b")));
    }

    [Fact]
    public void Tables_that_cannot_be_written_make_it_read_only_and_lose_nothing()
    {
        var simulated = SimulatedStore.Open(3);
        simulated.CommitCreate("a");
        simulated.Rows.Applying = _ => throw new FsException(FsError.EIO, "the disk is bad");
        Assert.Throws<FsException>(simulated.Drain);
        Assert.True(simulated.Store.IsReadOnly(out var reason));
        Assert.Contains("bad", reason);
        Assert.NotNull(simulated.Shard().Find("a"));
        simulated.Rows.Applying = null;
        simulated.Crash();
        Assert.NotNull(simulated.Shard().Find("a"));
    }

    [Fact]
    public void Tables_on_a_full_disk_are_waited_for_and_growth_is_refused_before_removals()
    {
        var simulated = SimulatedStore.Open(3);
        var count = 0;
        simulated.Rows.Applying = _ => throw new FsException(FsError.ENOSPC, "the disk is full");
        while (simulated.Store.Refusal(OperationKind.EntryMade) == FsError.None && count < 5000)
        {
            simulated.CommitCreate($"{count++}");
            if (count == 1) Assert.Throws<FsException>(simulated.Drain);
        }

        Assert.Equal(FsError.ENOSPC, simulated.Store.Refusal(OperationKind.EntryMade));
        Assert.Equal(FsError.None, simulated.Store.Refusal(OperationKind.EntryRemoved));
        Assert.False(simulated.Store.IsReadOnly(out _));
        Assert.Contains("full", simulated.Store.Shortage);

        simulated.Rows.Applying = null;
        simulated.Time.Advance(StoreLimits.FullDiskRetry);
        simulated.Drain();
        Assert.Null(simulated.Store.Shortage);
        Assert.Equal(FsError.None, simulated.Store.Refusal(OperationKind.EntryMade));
        Assert.Equal(simulated.Rows.Checkpoint.Append, simulated.Store.TablesCursor);
        simulated.Crash();
        Assert.Equal(count, simulated.Shard().List().Count);
    }

    [Fact]
    public void A_torn_last_append_is_cut_silently()
    {
        var simulated = SimulatedStore.Open(4);
        simulated.CommitCreate("kept");
        simulated.Commit(Large(simulated.Shard(), "torn"));
        for (var i = 0; i < 3; i++) simulated.Device.FlipBit(Block + (3 * Block) + (7 * i));
        simulated.Crash();
        Assert.False(simulated.Store.IsReadOnly(out _));
        Assert.Equal(["kept"], simulated.Shard().List());
        simulated.CommitCreate("after");
        simulated.Crash();
        Assert.Equal(["after", "kept"], simulated.Shard().List().Order());
    }

    [Theory, InlineData(0), InlineData(30), InlineData(100)]
    public void A_flipped_bit_of_the_last_append_is_damage_and_can_be_turned_back(int byteInAppend)
    {
        var simulated = SimulatedStore.Open(4);
        foreach (var name in (string[])["a", "b"]) simulated.CommitCreate(name);
        simulated.Device.FlipBit(Block + byteInAppend);
        simulated.Crash();
        Assert.True(simulated.Store.IsReadOnly(out var reason));
        Assert.Contains("append 2 at offset 4096 has a flipped bit", reason);
        Assert.Equal(["a"], simulated.Shard().List());

        var mended = simulated.Loops.Run(LogMender.RunAsync(
            simulated.Device, simulated.Identity.FileSystem, new(1, 0), CancellationToken.None));
        Assert.Contains("Append 2 at offset 4096", Assert.Single(mended));
        simulated.Crash();
        Assert.False(simulated.Store.IsReadOnly(out _));
        Assert.Equal(["a", "b"], simulated.Shard().List().Order());
    }

    [Theory, InlineData(0), InlineData(100)]
    public void A_bad_append_before_valid_ones_is_damage_and_named(int byteInAppend)
    {
        var simulated = SimulatedStore.Open(5);
        foreach (var name in (string[])["a", "b", "c"]) simulated.CommitCreate(name);
        simulated.Device.FlipBit(Block + byteInAppend);
        simulated.Device.FlipBit(Block + byteInAppend + 1);
        simulated.Crash();
        Assert.True(simulated.Store.IsReadOnly(out var reason));
        Assert.Contains("append 2 at offset 4096", reason);
        Assert.Contains("append 3 at offset 8192", reason);
        Assert.Equal(["a"], simulated.Shard().List());
        Assert.Equal(FsError.EROFS, simulated.Commit(simulated.Shard().Create("d")));
    }

    [Fact]
    public void The_last_append_is_cut_when_its_data_does_not_verify()
    {
        var simulated = SimulatedStore.Open(6);
        simulated.CommitCreate("f");
        var inode = simulated.Shard().Find("f")!.Child;
        simulated.Commit(simulated.Shard().Write(inode, Scene.Piece(0, 5)));
        var verifier = new Verifier(good: 6);
        simulated.Verifier = verifier;
        simulated.Commit(simulated.Shard().Write(inode, Scene.Piece(0, 6)));
        simulated.Crash();
        Assert.Equal([new ChunkLocation(new(6), 0)], verifier.Asked);
        Assert.Equal(6UL, simulated.Shard().PiecesOf(inode)[0].Location.Segment.Value);

        simulated.Commit(simulated.Shard().Write(inode, Scene.Piece(0, 7)));
        simulated.Crash();
        Assert.False(simulated.Store.IsReadOnly(out _));
        Assert.Equal(6UL, simulated.Shard().PiecesOf(inode)[0].Location.Segment.Value);
        simulated.Commit(simulated.Shard().Write(inode, Scene.Piece(0, 6)));
    }

    [Fact]
    public void The_last_append_counts_with_damaged_data_when_the_tables_hold_it()
    {
        var simulated = SimulatedStore.Open(6);
        simulated.CommitCreate("f");
        var inode = simulated.Shard().Find("f")!.Child;
        simulated.Commit(simulated.Shard().Write(inode, Scene.Piece(0, 5)));
        simulated.Verifier = new Verifier(good: 6);
        simulated.Restart();
        Assert.False(simulated.Store.IsReadOnly(out var reason), reason);
        Assert.Equal(5UL, simulated.Shard().PiecesOf(inode)[0].Location.Segment.Value);
    }

    [Fact]
    public void The_log_goes_round_and_is_recycled_only_behind_tables_and_followers()
    {
        var feed = new RecordingFeed();
        var simulated = SimulatedStore.Open(7, logBytes: 1 << 20);
        simulated.Feed = feed;
        simulated.Restart();
        simulated.CommitCreate("f");
        var inode = simulated.Shard().Find("f")!.Child;
        for (var i = 1UL; i <= 700; i++)
        {
            Assert.Equal(FsError.None, simulated.Commit(simulated.Shard().Write(inode, Scene.Piece(0, i))));
            if (i % 100 == 0) simulated.Time.Advance(StoreLimits.MaterialiseInterval);
            if (i % 37 != 0) continue;
            feed.Crash();
            simulated.Crash();
            Assert.False(simulated.Store.IsReadOnly(out var reason), reason);
            Assert.Equal(i, simulated.Shard().PiecesOf(inode)[0].Location.Segment.Value);
            simulated.Loops.RunAll();
            Assert.Equal([new(new ChunkLocation(new(i), 0), 1)], feed.Counts);
        }
    }

    [Fact]
    public void A_record_of_an_unknown_kind_stops_the_reader_with_its_place()
    {
        var simulated = SimulatedStore.Open(8);
        using var buffer = new AppendBuffer();
        var batch = simulated.Shard().Create("a");
        batch.Seal();
        var bytes = batch.Head.Written.ToArray();
        bytes[0] = 200;
        var fault = Assert.Throws<RecordFormatException>(
            () => OperationRecord.Read(bytes, new(), simulated.Shard()));
        Assert.Contains("kind 200", fault.Message);
    }

    [Fact]
    public void A_log_that_is_behind_the_tables_is_not_trusted()
    {
        var simulated = SimulatedStore.Open(9);
        simulated.CommitCreate("a");
        simulated.Drain();
        var checkpoint = simulated.Rows.Checkpoint;
        simulated.Rows.Apply(new([], [], checkpoint with { Append = 9, TailAppend = checkpoint.TailAppend }));
        simulated.Rows.MakeDurable();
        simulated.Crash();
        Assert.True(simulated.Store.IsReadOnly(out var reason));
        Assert.Contains("ends at append 1", reason);
    }

    [Fact]
    public void Commits_wait_for_the_tables_when_the_log_is_full_and_none_fails()
    {
        var simulated = SimulatedStore.Open(10, logBytes: 1 << 20);
        var shard = simulated.Shard();
        var waiting = Enumerable.Range(0, 200)
            .Select(i => shard.Submit(Large(shard, $"n{i}")).WhenCommitted<int>(i)).ToList();
        foreach (var answer in waiting) Assert.False(simulated.Loops.Run(answer).IsError);
        Assert.True(simulated.Store.Statistics.LogUsedBytes <= 1 << 20);
        Assert.True(simulated.Rows.Checkpoint.Append > 0);
    }

    private static ShardBatch Large(Shard shard, string name)
    {
        var batch = shard.Create(name);
        batch.Put(new InlineRow(shard.NextInode(), new byte[20_000], batch.Stamp));
        return batch;
    }

    private sealed class Verifier(ulong good) : IStoredDataVerifier
    {
        public List<ChunkLocation> Asked { get; } = [];

        public ValueTask<bool> VerifyAsync(ChunkLocation location, uint storedBytes, uint checksum,
            CancellationToken cancellationToken = default)
        {
            Asked.Add(location);
            return new(location.Segment.Value == good);
        }
    }
}
