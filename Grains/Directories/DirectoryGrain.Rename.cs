using ClaudeFs.Grains.Inodes;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Directories;

// rename(2), renameat2(2). The order of checks is that of do_renameat2 and vfs_rename in fs/namei.c.
internal sealed partial class DirectoryGrain
{
    /// <inheritdoc/>
    public ValueTask<FsResult<RenamedReply>> RenameAsync(
        OperationContext op, FsName name, InodeId newParent, FsName newName, RenameFlags flags) =>
        Decision<RenamedReply>.AnswerAsync(DecideRenameAsync(op, name, newParent, newName, flags));

    private async ValueTask<Decision<RenamedReply>> DecideRenameAsync(
        OperationContext op, FsName name, InodeId newParent, FsName newName, RenameFlags flags)
    {
        if ((flags & ~(RenameFlags.NoReplace | RenameFlags.Exchange)) != 0) return FsError.EINVAL;
        if (flags == (RenameFlags.NoReplace | RenameFlags.Exchange)) return FsError.EINVAL;
        var refused = await AdmitAsync(op.Id.Session);
        for (var round = 0; round < Limits.RevalidationsMax && refused == FsError.None; round++)
        {
            var plan = PlanRename(name, newParent, newName, flags);
            var intents = new IntentSet(Core, op.Id.Session);
            AddIntents(intents, plan);
            refused = await intents.TakeAsync();
            if (refused != FsError.None) return Refused<RenamedReply>(op, refused);
            ValueTask<FsResult<RenamedReply>> answer;
            bool isDone;
            try
            {
                if (TryAnswered(op, out answer)) return answer;
                isDone = TryRename(op, plan, out answer);
            }
            finally
            {
                intents.Release();
            }

            if (isDone) return Decided(op, answer);
        }

        return Refused<RenamedReply>(op, refused == FsError.None ? FsError.EAGAIN : refused);
    }

    private RenamePlan PlanRename(FsName name, InodeId newParent, FsName newName, RenameFlags flags)
    {
        var version = default(ReadVersion);
        var source = FindEntry(name);
        var target = Core.ShardOf(newParent).FindDentry(newParent, newName, ref version);
        return new(name, newParent, newName, flags, source, target);
    }

    private void AddIntents(IntentSet intents, in RenamePlan plan)
    {
        intents.Add(Inode, RecallCause.EntriesChange, plan.Name);
        intents.Add(plan.NewParent, RecallCause.EntriesChange, plan.NewName);
        if (plan.Source is not { } source) return;
        intents.Add(source.Child, RecallCause.AttributesChange);
        if (plan.Target is { } target && target.Child != source.Child)
        {
            if (plan.IsExchange) intents.Add(target.Child, RecallCause.AttributesChange);
            else AddVictim(intents, target);
        }

        // The shape of the tree changes: nobody else may change it between the search for a cycle and the commit.
        if (plan.NewParent != Inode && MovesDirectory(plan))
        {
            intents.Add(InodeId.Root, RecallCause.TreeLock);
        }
    }

    private static bool MovesDirectory(in RenamePlan plan) =>
        (plan.Source is { } source && IsDirectoryType(source.Type))
        || (plan.IsExchange && plan.Target is { } target && IsDirectoryType(target.Type));

    // False: the names mean something else than when the intents were chosen.
    private bool TryRename(in OperationContext op, in RenamePlan plan, out ValueTask<FsResult<RenamedReply>> answer)
    {
        var session = op.Id.Session;
        var version = default(ReadVersion);
        answer = default;
        if (Shard.Refusal(OperationKind.EntryRenamed) is var refusal and not FsError.None)
        {
            answer = new(refusal);
            return true;
        }

        var now = PlanRename(plan.Name, plan.NewParent, plan.NewName, plan.Flags);
        if (now.Source?.Child != plan.Source?.Child || now.Target?.Child != plan.Target?.Child) return false;
        var oldRow = FindDirectory(ref version, out var error);
        var newRow = Core.FindInode(plan.NewParent);
        if (error == FsError.None) error = CheckDirectory(newRow);
        Shard.FindDentry(Inode, plan.Name, ref version);
        if (error == FsError.None) error = CheckNames(now);
        if (error == FsError.None && now.Source!.Child == now.Target?.Child)
        {
            answer = AnswerSameAsync(op, now.Source.Child);
            return true;
        }

        if (error != FsError.None)
        {
            answer = RefuseRenameAsync(error, plan, version, session);
            return true;
        }

        var pair = new RenamePair(
            oldRow!, newRow!, Core.FindInode(now.Source!.Child)!, now.Target is { } t ? Core.FindInode(t.Child) : null);
        error = CheckRename(now, pair, op.Caller);
        answer = error == FsError.None
            ? now.IsExchange ? ExchangeAsync(op, now, pair) : MoveAsync(op, now, pair)
            : RefuseRenameAsync(error, plan, version, session);
        return true;
    }

    // A refusal rests on what both directories showed, in both shards.
    private async ValueTask<FsResult<RenamedReply>> RefuseRenameAsync(
        FsError error, RenamePlan plan, ReadVersion version, SessionId session)
    {
        var other = default(ReadVersion);
        var shard = Core.ShardOf(plan.NewParent);
        shard.FindDentry(plan.NewParent, plan.NewName, ref other);
        shard.FindInode(plan.NewParent, ref other);
        var committed = await shard.ReplyAsync<Nothing>(Nothing.Value, other, session);
        return committed.IsError ? committed.Error : await RefuseAsync<RenamedReply>(error, version, session);
    }

    // Two names of one inode: nothing happens, and that is success; kept, so that a retry does not do more. Source:
    // vfs_rename.
    private ValueTask<FsResult<RenamedReply>> AnswerSameAsync(in OperationContext op, InodeId inode)
    {
        var joint = new JointBatch(Core, Shard, op, OperationKind.EntryRenamed);
        var attributes = Core.FindInode(inode)!.Attributes;
        return SubmitAsync(joint, new(attributes, new(inode, false, attributes)));
    }

    private FsError CheckNames(in RenamePlan plan)
    {
        if (plan.Source is null) return FsError.ENOENT;
        if (plan.Flags == RenameFlags.NoReplace && plan.Target is not null) return FsError.EEXIST;
        if (plan.IsExchange && plan.Target is null) return FsError.ENOENT;
        if (plan.NewParent == Inode) return FsError.None;
        if (IsDirectoryType(plan.Source.Type) && IsWithin(plan.NewParent, plan.Source.Child)) return FsError.EINVAL;
        if (plan.Target is { } target && IsDirectoryType(target.Type) && IsWithin(Inode, target.Child))
        {
            return plan.IsExchange ? FsError.EINVAL : FsError.ENOTEMPTY;
        }

        return FsError.None;
    }

    private FsError CheckRename(in RenamePlan plan, in RenamePair pair, Caller caller)
    {
        var moved = pair.Moved.Attributes;
        if (AttributeRules.IsStickyFor(pair.OldParent.Attributes, moved, caller)) return FsError.EPERM;
        if (pair.Target is { Attributes: var target })
        {
            if (AttributeRules.IsStickyFor(pair.NewParent.Attributes, target, caller)) return FsError.EPERM;
            if (!plan.IsExchange && moved.IsDirectory && !target.IsDirectory) return FsError.ENOTDIR;
            if (!plan.IsExchange && !moved.IsDirectory && target.IsDirectory) return FsError.EISDIR;
        }

        var isTargetDirectory = pair.Target is { Attributes.IsDirectory: true };
        if (plan.NewParent != Inode)
        {
            if (moved.IsDirectory && !isTargetDirectory && pair.NewParent.Attributes.Nlink >= Limits.LinksMax)
            {
                return FsError.EMLINK;
            }

            if (plan.IsExchange && isTargetDirectory && !moved.IsDirectory
                && pair.OldParent.Attributes.Nlink >= Limits.LinksMax)
            {
                return FsError.EMLINK;
            }
        }

        var isFull = !plan.IsExchange && pair.Target is { Attributes: { IsDirectory: true, SizeBytes: > 0 } };
        return isFull ? FsError.ENOTEMPTY : FsError.None;
    }

    // Whether a directory is, or lies below, another one. Under the tree lock, or the answer is known to be no change
    // of shape.
    private bool IsWithin(InodeId directory, InodeId ancestor)
    {
        for (var depth = 0; depth < Limits.DirectoryDepthMax && !directory.IsNone; depth++)
        {
            if (directory == ancestor) return true;
            if (directory == InodeId.Root) return false;
            directory = Core.FindInode(directory)?.Parent ?? InodeId.None;
        }

        return false;
    }

    private ValueTask<FsResult<RenamedReply>> MoveAsync(in OperationContext op, in RenamePlan plan, in RenamePair pair)
    {
        var session = op.Id.Session;
        var joint = new JointBatch(Core, Shard, op, OperationKind.EntryRenamed);
        joint.Own.DeleteDentry(plan.Source!);
        joint.PutEntry(plan.NewParent, plan.NewName, plan.Target, plan.Source!.Child, pair.Moved.Attributes.Mode);
        var replaced = pair.Target is { } target ? PutUnlinked(joint, target, session) : default;
        var isDirectory = pair.Moved.Attributes.IsDirectory;
        var leaves = new EntryDelta(-1, isDirectory ? -1 : 0);
        var enters = new EntryDelta(
            pair.Target is null ? 1 : 0,
            (isDirectory ? 1 : 0) - (pair.Target is { Attributes.IsDirectory: true } ? 1 : 0));
        PutParents(joint, plan, pair, leaves, enters);
        var moved = PutMoved(joint, pair.Moved, plan.NewParent);
        return SubmitAsync(joint, new(moved, replaced));
    }

    private ValueTask<FsResult<RenamedReply>> ExchangeAsync(in OperationContext op, in RenamePlan plan,
        in RenamePair pair)
    {
        var joint = new JointBatch(Core, Shard, op, OperationKind.EntriesExchanged);
        var target = pair.Target!;
        joint.PutEntry(Inode, plan.Name, plan.Source, target.Inode, target.Attributes.Mode);
        joint.PutEntry(plan.NewParent, plan.NewName, plan.Target, pair.Moved.Inode, pair.Moved.Attributes.Mode);
        var links = (pair.Moved.Attributes.IsDirectory ? 1 : 0) - (target.Attributes.IsDirectory ? 1 : 0);
        PutParents(joint, plan, pair, new(0, -links), new(0, links));
        var moved = PutMoved(joint, pair.Moved, plan.NewParent);
        var other = PutMoved(joint, target, Inode);
        return SubmitAsync(joint, new(moved, new(other.Inode, false, other)));
    }

    private static ValueTask<FsResult<RenamedReply>> SubmitAsync(JointBatch joint, in RenamedReply reply)
    {
        joint.Own.SetAnswer<RenamedReply>(reply);
        return joint.Submit().WhenCommitted<RenamedReply>(reply);
    }

    private static InodeAttributes PutMoved(JointBatch joint, InodeRow row, InodeId parent)
    {
        var after = row.Attributes.Changed(joint.Stamp);
        joint.Put(after, after.IsDirectory ? parent : InodeId.None);
        return after;
    }

    private void PutParents(
        JointBatch joint, in RenamePlan plan, in RenamePair pair, EntryDelta leaves, EntryDelta enters)
    {
        if (plan.NewParent == Inode)
        {
            var both = new EntryDelta(leaves.Entries + enters.Entries, leaves.Links + enters.Links);
            joint.Put(both.Apply(pair.OldParent.Attributes, joint.Stamp), pair.OldParent.Parent);
            return;
        }

        joint.Put(leaves.Apply(pair.OldParent.Attributes, joint.Stamp), pair.OldParent.Parent);
        joint.Put(enters.Apply(pair.NewParent.Attributes, joint.Stamp), pair.NewParent.Parent);
    }

    private readonly record struct RenamePlan(
        FsName Name, InodeId NewParent, FsName NewName, RenameFlags Flags, DentryRow? Source, DentryRow? Target)
    {
        public bool IsExchange => Flags == RenameFlags.Exchange;
    }

    private readonly record struct RenamePair(InodeRow OldParent, InodeRow NewParent, InodeRow Moved, InodeRow? Target);

    private readonly record struct EntryDelta(int Entries, int Links)
    {
        public InodeAttributes Apply(in InodeAttributes before, Stamp now) => before.Modified(now) with
        {
            SizeBytes = (ulong)((long)before.SizeBytes + Entries),
            Nlink = (uint)(before.Nlink + Links),
        };
    }
}
