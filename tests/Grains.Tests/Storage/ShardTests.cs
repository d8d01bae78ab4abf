using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

public class ShardTests
{
    [Fact]
    public void A_put_is_read_at_once_and_answered_after_its_commit()
    {
        var simulated = SimulatedStore.Open(1);
        var shard = simulated.Shard();
        var batch = shard.Begin(SimulatedStore.System, OperationKind.EntryMade);
        var inode = shard.NextInode();
        batch.Put(TestRows.File(inode, batch.Stamp));
        batch.Put(TestRows.Entry(shard, InodeId.Root, "a", inode, batch.Stamp));
        var answer = shard.Submit(batch).WhenCommitted<int>(7);

        var version = default(ReadVersion);
        Assert.Equal(inode, shard.FindDentry(InodeId.Root, FsName.Of("a"), ref version)!.Child);
        Assert.Equal(1UL, version.Sequence);
        var reply = shard.Reply<int>(8, version, new(99));
        Assert.False(answer.IsCompleted);
        Assert.False(reply.IsCompleted);

        Assert.Equal(7, simulated.Loops.Run(answer).Value);
        Assert.Equal(8, simulated.Loops.Run(reply).Value);
        Assert.Equal(1UL, shard.CommittedSequence);
    }

    [Fact]
    public void Rows_are_there_after_a_restart_and_after_a_power_cut()
    {
        var simulated = SimulatedStore.Open(2);
        var inode = Create(simulated, "a");
        simulated.Crash();
        Assert.Equal(inode, Find(simulated, "a"));
        simulated.Restart();
        Assert.Equal(inode, Find(simulated, "a"));
        simulated.Crash();
        Assert.Equal(inode, Find(simulated, "a"));
        Assert.NotEqual(inode, Create(simulated, "b"));
    }

    private static InodeId? Find(SimulatedStore simulated, string name)
    {
        var version = default(ReadVersion);
        return simulated.Shard().FindDentry(InodeId.Root, FsName.Of(name), ref version)?.Child;
    }

    private static InodeId Create(SimulatedStore simulated, string name)
    {
        var shard = simulated.Shard();
        var batch = shard.Begin(SimulatedStore.System, OperationKind.EntryMade);
        var inode = shard.NextInode();
        batch.Put(TestRows.File(inode, batch.Stamp));
        batch.Put(TestRows.Entry(shard, InodeId.Root, name, inode, batch.Stamp));
        Assert.False(simulated.Loops.Run(shard.Submit(batch).WhenCommitted<int>(0)).IsError);
        return inode;
    }
}
