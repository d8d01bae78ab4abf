using ClaudeFs.Grains.Inodes;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Directories;

internal sealed partial class DirectoryGrain
{
    /// <inheritdoc/>
    public ValueTask<FsResult<EntryReply>> LinkAsync(OperationContext op, FsName name, InodeId target) =>
        Decision<EntryReply>.AnswerAsync(DecideLinkAsync(op, name, target));

    private async ValueTask<Decision<EntryReply>> DecideLinkAsync(OperationContext op, FsName name, InodeId target)
    {
        var refused = await AdmitAsync(op.Id.Session);
        if (refused != FsError.None) return refused;

        var intents = new IntentSet(Core, op.Id.Session);
        intents.Add(Inode, RecallCause.EntriesChange, name);
        intents.Add(target, RecallCause.AttributesChange);
        refused = await intents.TakeAsync();
        if (refused != FsError.None) return Refused<EntryReply>(op, refused);
        try
        {
            if (TryAnswered<EntryReply>(op, out var earlier)) return earlier;
            return Decided(op, ApplyLinkAsync(op, name, target));
        }
        finally
        {
            intents.Release();
        }
    }

    private ValueTask<FsResult<EntryReply>> ApplyLinkAsync(in OperationContext op, FsName name, InodeId target)
    {
        var session = op.Id.Session;
        var version = default(ReadVersion);
        var row = FindDirectory(ref version, out var error);
        if (row is null) return RefuseAsync<EntryReply>(error, version, session);
        if (Shard.FindDentry(Inode, name, ref version) is not null)
        {
            return RefuseAsync<EntryReply>(FsError.EEXIST, version, session);
        }

        if (Shard.Refusal(OperationKind.EntryLinked) is var refusal and not FsError.None) return new(refusal);
        if (Core.FindInode(target) is not { } child) return RefuseAsync<EntryReply>(FsError.ESTALE, version, session);
        if (child.Attributes.IsDirectory) return RefuseAsync<EntryReply>(FsError.EPERM, version, session);
        if (child.Attributes.Nlink == 0) return RefuseAsync<EntryReply>(FsError.ENOENT, version, session);
        if (child.Attributes.Nlink >= Limits.LinksMax) return RefuseAsync<EntryReply>(FsError.EMLINK, version, session);

        var joint = new JointBatch(Core, Shard, op, OperationKind.EntryLinked);
        var linked = child.Attributes.Changed(joint.Stamp) with { Nlink = child.Attributes.Nlink + 1 };
        joint.Put(linked, child.Parent);
        PutParent(joint, row, linked);
        joint.PutEntry(Inode, name, null, target, linked.Mode);
        joint.Own.SetAnswer<EntryReply>(new EntryReply(linked, LeaseGrant.None, LeaseGrant.None));
        var commit = joint.Submit();
        if (commit.IsRefused || session == SessionId.None) return commit.WhenCommitted<EntryReply>(default);
        var entries = Leases.Grant(Inode, session, LeaseMode.Read);
        return commit.WhenCommitted<EntryReply>(new EntryReply(linked, entries, LeaseGrant.None));
    }
}
