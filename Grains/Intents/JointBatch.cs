using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Intents;

/// <summary>
/// The batches of one operation, one a shard, committed together: the coordinator's first. Lives within one turn, in
/// which the
/// operation has the intents of all inodes whose rows it changes.
/// </summary>
internal sealed class JointBatch
{
    private const int ShardsMax = 5;
    private readonly FileSystemCore _core;
    private readonly OperationContext _op;
    private readonly OperationKind _kind;
    private readonly ShardBatch[] _batches = new ShardBatch[ShardsMax];
    private int _count = 1;

    public JointBatch(FileSystemCore core, Shard coordinator, in OperationContext op, OperationKind kind)
    {
        (_core, _op, _kind) = (core, op, kind);
        _batches[0] = coordinator.Begin(op, kind);
    }

    /// <summary>The coordinator's part: it carries the answer.</summary>
    public ShardBatch Own => _batches[0];

    /// <summary>When the operation happens, in all its parts.</summary>
    public Stamp Stamp => _batches[0].Stamp;

    /// <summary>The part of the shard that the inode lives in.</summary>
    public ShardBatch Of(InodeId inode)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_batches[i].ShardId == inode.Shard) return _batches[i];
        }

        // The answer is the coordinator's: the operation is numbered in its shard alone.
        var part = _op with { Id = _op.Id with { Number = 0 }, AcknowledgedBelow = 0 };
        return _batches[_count++] = _core.ShardOf(inode).Begin(part, _kind);
    }

    /// <summary>Puts the inode's row.</summary>
    public void Put(in InodeAttributes attributes, InodeId parent)
    {
        var batch = Of(attributes.Inode);
        batch.Put(new InodeRow(attributes, parent, batch.Stamp));
    }

    /// <summary>Puts an entry; the name keeps its cookie when it is there already.</summary>
    public void PutEntry(InodeId directory, FsName name, DentryRow? before, InodeId child, uint childMode)
    {
        var batch = Of(directory);
        var cookie = before?.Cookie ?? _core.ShardOf(directory).CookieFor(directory, name);
        batch.Put(new DentryRow(directory, name, cookie, child, FileMode.DirentType(childMode), batch.Stamp));
    }

    /// <summary>Applies all parts and sends them to the log as one append.</summary>
    public Commit Submit() => _count == 1
        ? _core.ShardOf(_batches[0].ShardId).Submit(_batches[0])
        : _core.Store.SubmitJoint(_batches.AsSpan(0, _count));
}
