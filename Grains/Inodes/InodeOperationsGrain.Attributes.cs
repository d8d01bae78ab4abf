using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

internal abstract partial class InodeOperationsGrain
{
    private const AttributeMask Owner = AttributeMask.Uid | AttributeMask.Gid;

    /// <inheritdoc cref="IInodeOperations.GetAttributesAsync"/>
    public async ValueTask<FsResult<AttributesReply>> GetAttributesAsync(SessionId session)
    {
        var refused = await AdmitReaderAsync(session);
        if (refused != FsError.None) return refused;

        // The lease first: what is read after it is what the lease covers.
        var lease = Leases.TryGrantRead(Inode, session);
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is { } row)
        {
            return await Shard.ReplyAsync<AttributesReply>(
                new AttributesReply(row.Attributes, lease), version, session);
        }

        Leases.Forget(Inode, session);
        return await RefuseAsync<AttributesReply>(FsError.ESTALE, version, session);
    }

    /// <inheritdoc cref="IInodeOperations.SetAttributesAsync"/>
    public ValueTask<FsResult<AttributesReply>> SetAttributesAsync(OperationContext op, AttributesChange change) =>
        change.Mask.HasFlag(AttributeMask.Size)
            ? SetSizeAsync(op, change)
            : SetAttributesAsync(op, RecallCause.AttributesChange, change);

    /// <inheritdoc cref="IInodeOperations.SyncAsync"/>
    public async ValueTask<FsResult<Nothing>> SyncAsync(SessionId session)
    {
        // One log carries all shards of this silo in order: what is applied anywhere is committed when its end is.
        var refused = await AdmitReaderAsync(session);
        return refused != FsError.None ? refused : await Core.Store.SyncAsync();
    }

    /// <summary>
    /// Whether this is a retry of what was done: then none of its parts may be done again, others may have written
    /// since.
    /// </summary>
    protected bool IsAnswered(in OperationContext op) => TryAnswered<AttributesReply>(op, out _);

    private async ValueTask<FsResult<AttributesReply>> SetSizeAsync(OperationContext op, AttributesChange change)
    {
        if (!IsAnswered(op))
        {
            var cut = await CutLongTailAsync(op, change.SizeBytes);
            if (cut.IsError) return cut.Error;
        }

        return await SetAttributesAsync(op, RecallCause.DataChange, change);
    }

    private ValueTask<FsResult<AttributesReply>> SetAttributesAsync(
        in OperationContext op, RecallCause cause, AttributesChange change) =>
        ChangeAsync(op, cause, default, change,
            static (InodeOperationsGrain self, in OperationContext op, AttributesChange change, out QuotaNeed need) =>
                self.ApplyAttributesAsync(op, change, out need));

    private ValueTask<FsResult<AttributesReply>> ApplyAttributesAsync(
        in OperationContext op, in AttributesChange change, out QuotaNeed need)
    {
        need = default;
        var session = op.Id.Session;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return RefuseAsync<AttributesReply>(FsError.ESTALE, version, session);
        }
        var before = row.Attributes;
        var isResize = change.Mask.HasFlag(AttributeMask.Size);
        if (isResize && CheckSize(before, change.SizeBytes) is var bad && bad != FsError.None)
        {
            return RefuseAsync<AttributesReply>(bad, version, session);
        }

        if (Shard.Refusal(OperationKind.AttributesSet) is var refusal and not FsError.None) return new(refusal);

        var batch = Shard.Begin(op, isResize ? OperationKind.ContentTruncated : OperationKind.AttributesSet);
        var after = before;
        if (isResize)
        {
            after = Resize(batch, before, change.SizeBytes).Modified(batch.Stamp);
            if ((change.Mask & Owner) == 0 && change.Mask.HasFlag(AttributeMask.KillPrivileges))
            {
                DropCapabilities(batch);
            }
        }

        if ((change.Mask & Owner) != 0 && !before.IsDirectory) DropCapabilities(batch);
        after = after.Apply(change, batch.Stamp) with { ChangeCounter = before.ChangeCounter + 1 };
        var ticket = new QuotaTicket(Memory, Core.Quotas);
        if (!TryMoveUsage(batch, before, after, ref ticket))
        {
            need = ticket.Need;
            Shard.Abandon(batch);
            return default;
        }

        batch.Put(row with { Attributes = after, From = batch.Stamp });
        return SubmitAttributesAsync(batch, after, ticket, session);
    }

    /// <summary>
    /// Answers with the attributes; the session's own lease is named in the live answer, never in the kept one.
    /// </summary>
    protected ValueTask<FsResult<AttributesReply>> SubmitAttributesAsync(
        ShardBatch batch, in InodeAttributes after, in QuotaTicket ticket, SessionId session)
    {
        batch.SetAnswer<AttributesReply>(new AttributesReply(after, LeaseGrant.None));
        var commit = Shard.Submit(batch);
        ticket.Settle();
        return commit.WhenCommitted<AttributesReply>(new AttributesReply(after, OwnLease(session)));
    }

    /// <summary>What the session holds now, without a new grant.</summary>
    protected LeaseGrant OwnLease(SessionId session)
    {
        if (session == SessionId.None) return LeaseGrant.None;
        var held = Leases.Find(Inode, session);
        return held.Mode == LeaseMode.None ? LeaseGrant.None : new(held.Mode, Leases.Epoch, held.Number);
    }

    /// <summary>
    /// Writes the difference in bytes, and a change of owner, into the counters; false when a limit needs a slice
    /// first.
    /// </summary>
    protected static bool TryMoveUsage(
        ShardBatch batch, in InodeAttributes before, in InodeAttributes after, ref QuotaTicket ticket)
    {
        var (had, has) = ((long)before.AllocatedBytes, (long)after.AllocatedBytes);
        if (before.Uid == after.Uid && before.Gid == after.Gid)
        {
            if (had == has) return true;
            if (!ticket.TryCharge(CounterKey.User(after.Uid), CounterKey.Group(after.Gid), has - had, 0)) return false;
            batch.AddCounter(CounterKey.User(after.Uid), has - had, 0);
            batch.AddCounter(CounterKey.Group(after.Gid), has - had, 0);
            return true;
        }

        CounterKey? user = before.Uid == after.Uid ? null : CounterKey.User(after.Uid);
        CounterKey? group = before.Gid == after.Gid ? null : CounterKey.Group(after.Gid);
        if (!ticket.TryCharge(user, group, has, 1)) return false;
        batch.AddCounter(CounterKey.User(before.Uid), -had, -1);
        batch.AddCounter(CounterKey.Group(before.Gid), -had, -1);
        batch.AddCounter(CounterKey.User(after.Uid), has, 1);
        batch.AddCounter(CounterKey.Group(after.Gid), has, 1);
        return true;
    }

    /// <summary>File capabilities go with whatever clears set-id bits. Source: cap_inode_killpriv.</summary>
    protected void DropCapabilities(ShardBatch batch)
    {
        var version = default(ReadVersion);
        if (Shard.FindXattr(Inode, Capability, ref version) is { } row) batch.DeleteXattr(row);
    }

    private static FsError CheckSize(in InodeAttributes attributes, ulong sizeBytes)
    {
        if (attributes.IsDirectory) return FsError.EISDIR;
        if (!attributes.IsRegular) return FsError.EINVAL;
        return sizeBytes > Limits.FileBytesMax ? FsError.EFBIG : FsError.None;
    }
}
