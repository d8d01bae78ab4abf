using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

/// <summary>
/// Frees inodes that have neither a name nor anyone who has them open. Precondition of all: the inode's intent.
/// </summary>
internal static class Reaper
{
    /// <summary>
    /// The session no longer has the orphan open; the last one's call frees it. Whether a sweep has to do the rest.
    /// </summary>
    public static bool Forget(ShardMemory memory, InodeId inode, SessionId session)
    {
        var version = default(ReadVersion);
        if (memory.Shard.FindOrphan(inode, ref version) is not { } orphan) return false;
        var holders = orphan.Holders.Remove(session);
        if (holders.IsEmpty) return Free(memory, orphan, out _);
        if (holders.Length == orphan.Holders.Length || memory.Shard.IsReadOnly(out _)) return false;
        var batch = memory.Shard.Begin(default, OperationKind.OrphanForgotten);
        batch.Put(orphan with { Holders = holders, From = batch.Stamp });
        memory.Shard.Submit(batch);
        return false;
    }

    /// <summary>
    /// Frees an orphan: with up to <see cref="Limits.ExtentsPerBatchMax"/> extents at once, of a larger one so many
    /// and then
    /// the caller comes back. Whether something is left.
    /// </summary>
    public static bool Free(ShardMemory memory, OrphanRow orphan, out Commit commit)
    {
        commit = default;
        var shard = memory.Shard;
        if (shard.IsReadOnly(out _)) return false;
        var inode = orphan.Inode;
        var version = default(ReadVersion);
        var batch = shard.Begin(default, OperationKind.OrphanFreed);
        if (shard.FindInode(inode, ref version) is not { } row)
        {
            batch.DeleteOrphan(inode);
            commit = shard.Submit(batch);
            return false;
        }

        var before = row.Attributes;
        var freed = FreeContent(batch, shard, before, out var isLeft);
        if (isLeft)
        {
            batch.Put(orphan with { Holders = [], From = batch.Stamp });
            var size = before with { AllocatedBytes = before.AllocatedBytes - freed };
            batch.Put(row with { Attributes = size.Changed(batch.Stamp), From = batch.Stamp });
        }
        else
        {
            foreach (var xattr in shard.ReadXattrs(inode, ref version)) batch.DeleteXattr(xattr);
            batch.DeleteOrphan(inode);
            batch.DeleteInode(inode);
            freed = before.AllocatedBytes;
            memory.Leases.Forget(inode);
        }

        batch.AddCounter(CounterKey.User(before.Uid), -(long)freed, isLeft ? 0 : -1);
        batch.AddCounter(CounterKey.Group(before.Gid), -(long)freed, isLeft ? 0 : -1);
        commit = shard.Submit(batch);
        return isLeft;
    }

    private static ulong FreeContent(ShardBatch batch, Shard shard, in InodeAttributes before, out bool isLeft)
    {
        isLeft = false;
        var version = default(ReadVersion);
        var isSymlink = FileMode.IsSymlink(before.Mode);
        if (before.AllocatedBytes == 0 && !isSymlink) return 0;
        if (shard.FindInline(before.Inode, ref version) is not null)
        {
            batch.DeleteInline(before.Inode);
            return before.AllocatedBytes;
        }

        var rows = new ExtentRow[Limits.ExtentsPerBatchMax + 1];
        var count = shard.ReadExtents(before.Inode, 0, rows, ref version);
        isLeft = count == rows.Length;
        var freed = 0UL;
        foreach (var extent in rows.AsSpan(0, isLeft ? count - 1 : count))
        {
            freed += extent.AllocatedBytes;
            batch.DeleteExtent(extent);
        }

        return freed;
    }
}
