using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

internal abstract partial class InodeOperationsGrain
{
    /// <inheritdoc cref="IInodeOperations.AcquireLeaseAsync"/>
    public async ValueTask<FsResult<AttributesReply>> AcquireLeaseAsync(SessionId session, LeaseMode mode)
    {
        var state = Core.Sessions.Find(session);
        if (state is { IsAlive: true, IsSettled: false }) return await ReclaimAsync(state, mode);
        var refused = mode == LeaseMode.Read ? await AdmitReaderAsync(session) : await AdmitAsync(session);
        if (refused != FsError.None) return refused;
        if (mode == LeaseMode.None || session == SessionId.None) return FsError.EINVAL;
        var held = Leases.Find(Inode, session).Mode;
        if (mode <= held || (mode == LeaseMode.Read && !Leases.HasConflict(Inode, session, mode)))
        {
            var quick = Leases.TryGrantRead(Inode, session);
            if (quick.Mode >= mode) return await AnswerAsync(quick, session);
        }

        // No visit: who asks again for what it has here has given it back already, and waits like all others.
        var hold = await HoldAsync(session, mode, RecallCause.Lease, default, mayVisit: false);
        if (hold.Error != FsError.None) return hold.Error;
        LeaseGrant grant;
        try
        {
            if (Core.Sessions.Find(session) is not { IsAlive: true }) return FsError.ESTALE;
            grant = Leases.Grant(Inode, session, mode);
        }
        finally
        {
            Release(hold);
        }

        return await AnswerAsync(grant, session);
    }

    /// <inheritdoc cref="IInodeOperations.ReleaseLeaseAsync"/>
    public ValueTask<FsResult<Nothing>> ReleaseLeaseAsync(SessionId session, ulong number, bool isOpen)
    {
        Leases.Return(Inode, session, number, LeaseMode.None, isOpen);
        if (Core.Quotas.HasLimits) Memory.Slices.Unreserve(Inode, session, long.MaxValue);
        return new(Nothing.Value);
    }

    /// <inheritdoc cref="IInodeOperations.BeginIntentAsync"/>
    public async ValueTask<FsResult<InodeAttributes>> BeginIntentAsync(OperationId op, SessionId session,
        RecallCause cause)
    {
        var token = IntentTable.NewToken();
        if (!Intents.TryTake(Inode, token))
        {
            var error = await Intents.TakeAsync(Inode, token);
            if (error != FsError.None) return error;
        }
        else
        {
            Intents.Drain(Inode, token);
        }

        if (cause == RecallCause.TreeLock) await Intents.FirmAsync(Inode, token);
        else await Core.Recaller.DrainAsync(Memory, Inode, token, session, LeaseMode.Write, cause, default);
        var version = default(ReadVersion);
        var row = Shard.FindInode(Inode, ref version);

        // The coordinator's append rests on these rows: what is pending on them is committed first.
        var reply = await Shard.ReplyAsync<InodeAttributes>(
            row is null ? FsError.ESTALE : row.Attributes, version, SessionId.None);
        if (reply.IsError) Intents.Release(Inode, token);
        else Intents.Remember(op, Inode, token);
        return reply;
    }

    /// <inheritdoc cref="IInodeOperations.EndIntentAsync"/>
    public ValueTask<FsResult<Nothing>> EndIntentAsync(OperationId op)
    {
        if (Intents.TryRecollect(op, Inode, out var token)) Intents.Release(Inode, token);
        return new(Nothing.Value);
    }

    // A session that comes back asks for what it held: whoever has the intent meanwhile waits for it to settle.
    private async ValueTask<FsResult<AttributesReply>> ReclaimAsync(SessionState state, LeaseMode mode)
    {
        if (mode == LeaseMode.None) return FsError.EINVAL;
        var refused = state.HasEntered(Shard.Id) ? FsError.None : await EnterAsync(state);
        if (refused != FsError.None) return refused;
        return await AnswerAsync(Leases.Reclaim(Inode, state.Id, mode), state.Id);
    }

    private ValueTask<FsResult<AttributesReply>> AnswerAsync(LeaseGrant grant, SessionId session)
    {
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is { } row)
        {
            return Shard.ReplyAsync<AttributesReply>(new AttributesReply(row.Attributes, grant), version, session);
        }

        Leases.Forget(Inode, session);
        return RefuseAsync<AttributesReply>(FsError.ESTALE, version, session);
    }
}
