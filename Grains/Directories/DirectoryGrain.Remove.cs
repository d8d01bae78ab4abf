using ClaudeFs.Grains.Inodes;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Directories;

internal sealed partial class DirectoryGrain
{
    /// <inheritdoc/>
    public ValueTask<FsResult<RemovedReply>> UnlinkAsync(OperationContext op, FsName name) =>
        Decision<RemovedReply>.AnswerAsync(RemoveAsync(op, name, isDirectory: false));

    /// <inheritdoc/>
    public ValueTask<FsResult<RemovedReply>> RemoveDirectoryAsync(OperationContext op, FsName name) =>
        Decision<RemovedReply>.AnswerAsync(RemoveAsync(op, name, isDirectory: true));

    private async ValueTask<Decision<RemovedReply>> RemoveAsync(OperationContext op, FsName name, bool isDirectory)
    {
        var refused = await AdmitAsync(op.Id.Session);
        for (var round = 0; round < Limits.RevalidationsMax && refused == FsError.None; round++)
        {
            var dentry = FindEntry(name);
            var intents = new IntentSet(Core, op.Id.Session);
            intents.Add(Inode, RecallCause.EntriesChange, name);
            AddVictim(intents, dentry);
            refused = await intents.TakeAsync();
            if (refused != FsError.None) return Refused<RemovedReply>(op, refused);
            ValueTask<FsResult<RemovedReply>> answer;
            bool isDone;
            try
            {
                if (TryAnswered(op, out answer)) return answer;
                isDone = TryRemove(op, name, isDirectory, dentry, out answer);
            }
            finally
            {
                intents.Release();
            }

            if (isDone) return Decided(op, answer);
        }

        return Refused<RemovedReply>(op, refused == FsError.None ? FsError.EAGAIN : refused);
    }

    // False: the name means something else than when the intents were chosen.
    private bool TryRemove(in OperationContext op, FsName name, bool isDirectory, DentryRow? planned,
        out ValueTask<FsResult<RemovedReply>> answer)
    {
        var session = op.Id.Session;
        var version = default(ReadVersion);
        answer = default;
        if (Shard.Refusal(OperationKind.EntryRemoved) is var refusal and not FsError.None)
        {
            answer = new(refusal);
            return true;
        }

        var row = FindDirectory(ref version, out var error);
        var dentry = row is null ? null : Shard.FindDentry(Inode, name, ref version);
        if (dentry is null)
        {
            answer = RefuseAsync<RemovedReply>(row is null ? error : FsError.ENOENT, version, session);
            return true;
        }

        if (dentry.Child != planned?.Child) return false;
        var child = Core.FindInode(dentry.Child);
        Invariant.That(row is not null && child is not null);
        error = CheckRemoval(row.Attributes, child.Attributes, op.Caller, isDirectory);
        if (error != FsError.None)
        {
            answer = RefuseAsync<RemovedReply>(error, version, session);
            return true;
        }

        var kind = isDirectory ? OperationKind.DirectoryRemoved : OperationKind.EntryRemoved;
        var joint = new JointBatch(Core, Shard, op, kind);
        var before = row.Attributes;
        joint.Own.DeleteDentry(dentry);
        joint.Put(before.Modified(joint.Stamp) with
        {
            SizeBytes = before.SizeBytes - 1,
            Nlink = isDirectory ? before.Nlink - 1 : before.Nlink,
        }, row.Parent);
        var removed = PutUnlinked(joint, child, session);
        joint.Own.SetAnswer<RemovedReply>(removed);
        answer = joint.Submit().WhenCommitted<RemovedReply>(removed);
        return true;
    }

    // Source of the order: may_delete in fs/namei.c, then ext4_rmdir.
    private static FsError CheckRemoval(
        in InodeAttributes directory, in InodeAttributes child, Caller caller, bool isDirectory)
    {
        if (AttributeRules.IsStickyFor(directory, child, caller)) return FsError.EPERM;
        if (isDirectory && !child.IsDirectory) return FsError.ENOTDIR;
        if (!isDirectory && child.IsDirectory) return FsError.EISDIR;
        return isDirectory && child.SizeBytes > 0 ? FsError.ENOTEMPTY : FsError.None;
    }

    /// <summary>
    /// One name less: the last one makes an orphan, kept for the asking session and for all who said that they have
    /// it open.
    /// </summary>
    private RemovedReply PutUnlinked(JointBatch joint, InodeRow child, SessionId session)
    {
        var before = child.Attributes;
        var nlink = before.IsDirectory ? 0 : before.Nlink - 1;
        var after = before.Changed(joint.Stamp) with { Nlink = nlink };
        joint.Put(after, child.Parent);
        if (nlink > 0) return new(after.Inode, false, after);

        var batch = joint.Of(after.Inode);
        var holders = Core.MemoryOf(after.Inode).Leases.OpenHolders(after.Inode);
        if (session != SessionId.None && !holders.Contains(session)) holders = holders.Add(session);
        batch.Put(new OrphanRow(after.Inode, holders, batch.Stamp));
        return new(after.Inode, true, after);
    }

    private DentryRow? FindEntry(FsName name)
    {
        var version = default(ReadVersion);
        return Shard.FindDentry(Inode, name, ref version);
    }

    // The cause tells the holders of leases whether the inode goes with the name.
    private void AddVictim(IntentSet intents, DentryRow? dentry)
    {
        if (dentry is null) return;
        var isDirectory = IsDirectoryType(dentry.Type);
        var isLast = isDirectory || Core.FindInode(dentry.Child) is { Attributes.Nlink: <= 1 };
        var cause = isLast ? RecallCause.LastUnlink : RecallCause.AttributesChange;
        intents.Add(dentry.Child, cause);
    }
}
