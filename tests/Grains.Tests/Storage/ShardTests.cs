using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit;

namespace ClaudeFs.Grains.Tests.Storage;

public class ShardTests
{
    [Fact]
    public void A_put_is_read_at_once_and_answered_after_its_commit()
    {
        var simulated = SimulatedStore.Open(1);
        var shard = simulated.Shard();
        var answer = shard.Submit(shard.Create("a")).WhenCommitted<int>(7);
        var version = shard.VersionOf("a");
        Assert.Equal(1UL, version.Sequence);
        var reply = shard.ReplyAsync<int>(8, version, new(99));
        Assert.False(answer.IsCompleted);
        Assert.False(reply.IsCompleted);

        Assert.Equal(7, simulated.Loops.Run(answer).Value);
        Assert.Equal(8, simulated.Loops.Run(reply).Value);
        Assert.Equal(1UL, shard.CommittedSequence);
        Assert.Equal(0UL, shard.VersionOf("a").Sequence);
    }

    [Fact]
    public void Only_the_session_that_made_it_is_answered_before_the_commit()
    {
        var simulated = SimulatedStore.Open(2);
        var shard = simulated.Shard();
        shard.Submit(shard.Create("mine", SimulatedStore.Op(5, 1, ack: AckMode.Applied)));
        Assert.True(shard.ReplyAsync<int>(1, shard.VersionOf("mine"), new(5)).IsCompleted);
        Assert.False(shard.ReplyAsync<int>(1, shard.VersionOf("mine"), new(6)).IsCompleted);

        shard.Submit(shard.Create("theirs", SimulatedStore.Op(6, 1)));
        var both = shard.VersionOf("mine");
        shard.FindDentry(Scene.Folder, Scene.Name("theirs"), ref both);
        Assert.False(shard.ReplyAsync<int>(1, both, new(5)).IsCompleted);
    }

    // A thread of the session that waits for the commit, and another one that looks meanwhile.
    [Fact]
    public void What_waits_for_the_commit_is_not_shown_before_to_its_own_session_either()
    {
        var simulated = SimulatedStore.Open(3);
        var shard = simulated.Shard();
        var made = shard.Submit(shard.Create("a", SimulatedStore.Op(5, 1))).WhenCommitted<int>(1);
        var seen = shard.ReplyAsync<int>(2, shard.VersionOf("a"), new(5));
        Assert.False(made.IsCompleted || seen.IsCompleted);
        Assert.Equal((1, 2), (simulated.Loops.Run(made).Value, simulated.Loops.Run(seen).Value));
    }

    [Fact]
    public void An_absence_rests_on_the_pending_deletion()
    {
        var simulated = SimulatedStore.Open(3);
        var shard = simulated.Shard();
        simulated.CommitCreate("a");
        shard.Submit(shard.Remove("a"));
        Assert.Null(shard.Find("a"));
        Assert.Equal(2UL, shard.VersionOf("a").Sequence);
        Assert.Empty(shard.List());
        var page = new DentryRow[1];
        var version = default(ReadVersion);
        Assert.Equal(0, shard.ReadDentries(Scene.Folder, 0, page, ref version));
        Assert.Equal(2UL, version.Sequence);
    }

    [Fact]
    public void Applied_answers_at_once_and_commit_does_not()
    {
        var simulated = SimulatedStore.Open(4);
        var shard = simulated.Shard();
        var applied = SimulatedStore.Op(5, 1, ack: AckMode.Applied);
        Assert.True(shard.Submit(shard.Create("a", applied)).WhenCommitted<int>(1).IsCompleted);
        Assert.False(shard.Submit(shard.Create("b", SimulatedStore.Op(5, 2))).WhenCommitted<int>(1).IsCompleted);
    }

    [Fact]
    public void What_may_rest_on_another_session_waits_for_the_commit_also_when_it_need_not_itself()
    {
        var simulated = SimulatedStore.Open(8);
        var shard = simulated.Shard();
        shard.Submit(shard.Create("a", SimulatedStore.Op(6, 1)));
        var removed = shard.Submit(shard.Remove("a", SimulatedStore.Op(5, 1, ack: AckMode.Applied)));
        var later = shard.Submit(shard.Create("b", SimulatedStore.Op(5, 2, ack: AckMode.Applied)));
        var (answer, second) = (removed.WhenCommitted<int>(1), later.WhenCommitted<int>(2));
        var (rests, own) = (shard.VersionOf("a"), shard.VersionOf("b"));
        Assert.False(answer.IsCompleted || second.IsCompleted || rests.IsOwn(new(5)));
        Assert.False(own.IsOwn(new(5)));
        Assert.Equal((1, 2), (simulated.Loops.Run(answer).Value, simulated.Loops.Run(second).Value));

        // Nobody else has anything pending any more; what no session submits does not count.
        shard.Submit(shard.Create("system"));
        Assert.True(shard.Submit(shard.Create("c", SimulatedStore.Op(5, 3, ack: AckMode.Applied)))
            .WhenCommitted<int>(3).IsCompleted);
    }

    [Fact]
    public void What_waits_while_an_append_is_in_flight_shares_the_next()
    {
        var simulated = SimulatedStore.Open(5);
        var shard = simulated.Shard();
        for (var i = 0; i < 100; i++) shard.Submit(shard.Create($"n{i}"));
        var flushes = simulated.Device.FlushCount;
        simulated.Loops.Run(shard.SyncAsync());
        Assert.Equal(flushes + 1, simulated.Device.FlushCount);
        Assert.Equal(100, shard.List().Count);
    }

    [Fact]
    public void Inode_numbers_are_never_given_out_again()
    {
        var simulated = SimulatedStore.Open(6);
        var seen = new HashSet<InodeId>();
        for (var start = 0; start < 4; start++)
        {
            for (var i = 0; i < 3; i++) simulated.CommitCreate($"{start}-{i}");
            foreach (var name in simulated.Shard().List()) seen.Add(simulated.Shard().Find(name)!.Child);
            Assert.Equal((start + 1) * 3, seen.Count);
            if (start % 2 == 0) simulated.Crash();
            else simulated.Restart();
        }
    }

    [Fact]
    public void Names_with_equal_hashes_are_told_apart_also_after_restarts()
    {
        var hash = new NameHash(1, 2, bits: 2);
        var simulated = SimulatedStore.Open(7, hash: hash);
        string[] names = [.. Enumerable.Range(0, 40).Select(i => $"n{i}")];
        foreach (var name in names) simulated.CommitCreate(name);
        simulated.Commit(simulated.Shard().Remove("n0"));
        simulated.Commit(simulated.Shard().Remove("n17"));
        simulated.CommitCreate("n0");
        foreach (var _ in (int[])[0, 1])
        {
            Assert.Equal(names.Where(name => name != "n17").Order(), simulated.Shard().List().Order());
            foreach (var name in names) Assert.Equal(name == "n17", simulated.Shard().Find(name) is null);
            simulated.Restart();
        }
    }

    [Fact]
    public void Counters_add_up_over_shards_and_restarts()
    {
        var simulated = SimulatedStore.Open(8);
        simulated.CommitCreate("a");
        var other = simulated.Shard(9).Begin(default, OperationKind.EntryMade);
        other.AddCounter(CounterKey.User(1000), 500, 2);
        other.AddCounter(CounterKey.Group(7), 500, 2);
        simulated.Commit(other);
        foreach (var restart in (Action[])[simulated.Crash, simulated.Restart, simulated.Crash])
        {
            Assert.Equal(new Usage(500, 3), simulated.Store.GetUsage(CounterKey.User(1000)));
            Assert.Equal(new Usage(500, 2), simulated.Store.GetUsage(CounterKey.Group(7)));
            Assert.Equal(new Usage(500, 3), simulated.Store.GetUsage(CounterKey.Total));
            Assert.Equal(2, simulated.Shard(9).InodeCount);
            restart();
        }
    }

    [Fact]
    public void A_joint_commit_is_in_all_its_shards_or_in_none()
    {
        var simulated = SimulatedStore.Open(9);
        var (left, right) = (simulated.Shard(), simulated.Shard(3));
        var inode = right.NextInode();
        var entry = left.Begin(default, OperationKind.EntryMade);
        entry.Put(TestRows.Entry(left, Scene.Folder, "far", inode, entry.Stamp));
        var child = right.Begin(default, OperationKind.EntryMade);
        child.Put(TestRows.Directory(inode, Scene.Folder, child.Stamp));
        var done = simulated.Store.SubmitJoint([entry, child]).WhenCommitted<int>(1);
        Assert.False(simulated.Loops.Run(done).IsError);
        simulated.Crash();
        var version = default(ReadVersion);
        Assert.Equal(inode, simulated.Shard().Find("far")!.Child);
        Assert.Equal(Scene.Folder, simulated.Shard(3).FindInode(inode, ref version)!.Parent);
    }

    [Fact]
    public void Clean_rows_are_bounded_and_dirty_ones_stay()
    {
        var table = new ShardTable(new(100_000));
        for (var i = 0; i < 10_000; i++) table.AddClean(RowKey.Extent(new(5), (uint)i), null);
        table.Put(RowKey.Inline(new(7)), null, 1, default, 0);
        for (var i = 10_000; i < 20_000; i++) table.AddClean(RowKey.Extent(new(5), (uint)i), null);
        Assert.InRange(table.CleanBytes, 50_000, 101_000);
        Assert.True(table.TryFind(RowKey.Inline(new(7)), out _));
        Assert.Equal(1, table.DirtyCount);
    }

    [Fact]
    public void Reading_what_is_in_the_shard_table_allocates_nothing()
    {
        var simulated = SimulatedStore.Open(10);
        simulated.CommitCreate("a");
        var (shard, name) = (simulated.Shard(), Scene.Name("a"));
        var inode = shard.Find("a")!.Child;
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                var version = default(ReadVersion);
                shard.FindDentry(Scene.Folder, name, ref version);
                shard.FindInode(inode, ref version);
            }
        }));
    }
}
