using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Leases;
using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

/// <summary>
/// What directories and all other inodes have in common. Rows are the shard's, never kept here. Every change takes
/// the inode's
/// intent, validates, applies and submits, without an await between taking the intent firmly and giving it back; so
/// changes
/// of one inode never overlap, whichever grain makes them.
/// </summary>
internal abstract partial class InodeOperationsGrain : Grain
{
    protected InodeOperationsGrain(FileSystemCore core)
    {
        Core = core;
        Inode = new((ulong)this.GetPrimaryKeyLong());
        Memory = core.MemoryOf(Inode);
    }

    /// <summary>A change of this inode, applied in one turn; a need stands for "lend this and call again".</summary>
    protected delegate ValueTask<FsResult<T>> Change<T, in TState>(
        InodeOperationsGrain self, in OperationContext op, TState state, out QuotaNeed need);

    protected FileSystemCore Core { get; }

    protected ShardMemory Memory { get; }

    protected InodeId Inode { get; }

    protected Shard Shard => Memory.Shard;

    protected LeaseTable Leases => Memory.Leases;

    protected IntentTable Intents => Memory.Intents;

    /// <summary>
    /// The session is served here: known, alive, settled, and its row for this shard committed. Errors: ESTALE, EROFS.
    /// </summary>
    protected ValueTask<FsError> AdmitAsync(SessionId session)
    {
        if (session == SessionId.None) return new(FsError.None);
        if (Core.Sessions.Find(session) is not { IsAlive: true, IsSettled: true } state) return new(FsError.ESTALE);
        return state.HasEntered(Shard.Id) ? new(FsError.None) : EnterAsync(state);
    }

    /// <summary>
    /// As <see cref="AdmitAsync"/> for what changes nothing: a read-only store serves it, without leases.
    /// </summary>
    protected ValueTask<FsError> AdmitReaderAsync(SessionId session)
    {
        if (session == SessionId.None) return new(FsError.None);
        if (Core.Sessions.Find(session) is not { IsAlive: true, IsSettled: true } state) return new(FsError.ESTALE);
        if (state.HasEntered(Shard.Id) || (!state.IsEmbedded && Shard.IsReadOnly(out _))) return new(FsError.None);
        return EnterAsync(state);
    }

    /// <summary>
    /// One change: the intent, the leases in the way, the earlier answer of a retry, the change, its commit.
    /// </summary>
    protected ValueTask<FsResult<T>> ChangeAsync<T, TState>(
        OperationContext op, RecallCause cause, FsName name, TState state, Change<T, TState> change) =>
        Decision<T>.AnswerAsync(DecideAsync(op, cause, name, state, change));

    private async ValueTask<Decision<T>> DecideAsync<T, TState>(
        OperationContext op, RecallCause cause, FsName name, TState state, Change<T, TState> change)
    {
        var refused = await AdmitAsync(op.Id.Session);
        for (var round = 0; round < Limits.QuotaRoundsMax && refused == FsError.None; round++)
        {
            var hold = await HoldAsync(op.Id.Session, LeaseMode.Write, cause, name);
            if (hold.Error != FsError.None) return Refused<T>(op, hold.Error);
            QuotaNeed need;
            try
            {
                if (TryAnswered<T>(op, out var earlier)) return earlier;
                var answer = change(this, op, state, out need);
                if (need.IsNone) return Decided(op, answer);
            }
            finally
            {
                Release(hold);
            }

            refused = await LendAsync(need);
        }

        return Refused<T>(op, refused == FsError.None ? FsError.EDQUOT : refused);
    }

    /// <summary>
    /// Whether the operation has its answer already: an earlier attempt's, or that its session ended while it waited.
    /// To be asked in the turn that changes something.
    /// </summary>
    protected bool TryAnswered<T>(in OperationContext op, out ValueTask<FsResult<T>> answer)
    {
        var session = op.Id.Session;
        if (session == SessionId.None || Core.Sessions.Find(session) is { IsAlive: true })
            return Shard.TryAnswered(op, out answer);
        answer = new(FsError.ESTALE);
        return true;
    }

    /// <summary>
    /// The operation is refused, whichever of its attempts is asked. ESTALE is not kept: a session that comes back asks
    /// again when it has settled, and an inode that is gone stays gone.
    /// </summary>
    protected Decision<T> Refused<T>(in OperationContext op, FsError error) => error == FsError.ESTALE
        ? new(new ValueTask<FsResult<T>>(error))
        : Decided(op, new ValueTask<FsResult<T>>(error));

    /// <summary>Decided in this turn, whichever of its attempts is asked.</summary>
    protected Decision<T> Decided<T>(in OperationContext op, ValueTask<FsResult<T>> answer) =>
        new(Shard.DecidedAsync(op, answer));

    /// <summary>Asks the quota's grain for a slice. Errors: EDQUOT.</summary>
    protected async ValueTask<FsError> LendAsync(QuotaNeed need)
    {
        var quota = GrainFactory.GetGrain<IQuotaGrain>(need.Key.ToString());
        return (await quota.LendAsync(Shard.Id, need.Bytes, need.Inodes)).Error;
    }

    /// <summary>
    /// Takes this inode's intent and gets back the leases of others that stand against the wish. Completes at once
    /// when nobody is
    /// in the way; the holder of the write lease goes ahead of whoever waits for it.
    /// </summary>
    protected ValueTask<Hold> HoldAsync(
        SessionId session, LeaseMode wanted, RecallCause cause, FsName name, bool mayVisit = true)
    {
        var token = IntentTable.NewToken();
        if (!Intents.TryTake(Inode, token)) return WaitAsync(token, session, wanted, cause, name, mayVisit);
        if (!Leases.HasConflict(Inode, session, wanted)) return new(new Hold(token));
        Intents.Drain(Inode, token);
        return DrainAsync(token, session, wanted, cause, name);
    }

    /// <summary>Ends a hold, in the turn that used it.</summary>
    protected void Release(in Hold hold)
    {
        if (hold.IsVisit) Intents.Leave(Inode);
        else Intents.Release(Inode, hold.Token);
    }

    /// <summary>A refusal leaves when what it rests on is committed.</summary>
    protected ValueTask<FsResult<T>> RefuseAsync<T>(FsError error, ReadVersion version, SessionId session) =>
        Shard.ReplyAsync<T>(error, version, session);

    private async ValueTask<Hold> WaitAsync(
        IntentToken token, SessionId session, LeaseMode wanted, RecallCause cause, FsName name, bool mayVisit)
    {
        // Waiting in line behind someone who waits for our own lease would be for ever: its holder visits instead.
        while (mayVisit && session != SessionId.None && Leases.Find(Inode, session).Mode == LeaseMode.Write)
        {
            if (Intents.TryTake(Inode, token)) return new(token);
            if (Intents.TryVisit(Inode))
            {
                Core.Sessions.Find(session)?.NoteProgress(Core.Time.GetTimestamp());
                return new(IsVisit: true);
            }

            await Intents.WhenOpenAsync(Inode);
        }

        var error = await Intents.TakeAsync(Inode, token);
        return error != FsError.None ? new(error) : await DrainAsync(token, session, wanted, cause, name);
    }

    private async ValueTask<Hold> DrainAsync(
        IntentToken token, SessionId session, LeaseMode wanted, RecallCause cause, FsName name)
    {
        await Core.Recaller.DrainAsync(Memory, Inode, token, session, wanted, cause, name);
        return new(token);
    }

    private async ValueTask<FsError> EnterAsync(SessionState state)
    {
        var version = default(ReadVersion);

        // The row tells the next start whom to wait for: not for a session of this process. So all of a store that went
        // read-only can be read, also when it is because the disk is gone: then no row can be looked for.
        var needsNone = state.IsEmbedded && Shard.IsReadOnly(out _);
        if (!needsNone && Shard.FindSessionShard(state.Id, ref version) is null)
        {
            var batch = Shard.Begin(default, OperationKind.SessionEntered);
            batch.Put(new SessionShardRow(state.Id, batch.Stamp));
            var entered = await Shard.Submit(batch).WhenDurableAsync();
            if (entered.IsError) return entered.Error;
        }
        else if (version.Sequence != 0)
        {
            await Shard.ReplyAsync<Nothing>(Nothing.Value, version, SessionId.None);
        }

        Leases.Enter(state.Id);
        state.NoteEntered(Shard.Id);
        if (state.IsAlive) return FsError.None;
        Leases.Drop(state.Id);
        return FsError.ESTALE;
    }

    /// <summary>This inode's intent, firm, or a visit under someone else's draining one.</summary>
    protected readonly record struct Hold(IntentToken Token, FsError Error, bool IsVisit)
    {
        public Hold(IntentToken token)
            : this(token, FsError.None, false)
        {
        }

        public Hold(FsError error)
            : this(IntentToken.None, error, false)
        {
        }

        public Hold(bool IsVisit)
            : this(IntentToken.None, FsError.None, IsVisit)
        {
        }
    }
}
