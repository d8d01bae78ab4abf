using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains.Sessions;

/// <summary>One client's session: its row, its term, its end. What it holds lives in the shards.</summary>
[Reentrant]
internal sealed class SessionGrain : Grain, ISessionGrain
{
    private readonly FileSystemCore _core;
    private readonly SessionId _id;
    private IGrainTimer? _timer;
    private bool _isCleaning;

    public SessionGrain(FileSystemCore core)
    {
        _core = core;
        _id = new((ulong)this.GetPrimaryKeyLong());
    }

    private Shard Home => _core.ShardOf(FileSystemCore.HomeShard);

    /// <inheritdoc/>
    public async ValueTask<FsResult<SessionWelcome>> OpenAsync(SessionHello hello, ILeaseHolder holder)
    {
        if (_id == SessionId.None) return FsError.EINVAL;
        if (_core.Sessions.Find(_id) is { } known) return Reopen(known, hello, holder);
        if (_isCleaning || hello.IsReturning) return FsError.ESTALE;
        var version = default(ReadVersion);

        // A store that only reads may do so because its disk is gone: then no row can be looked for.
        if (!Home.IsReadOnly(out _) && Home.FindSession(_id, ref version) is not null) return FsError.ESTALE;

        var state = new SessionState(_id, hello.ClientName, hello.IsEmbedded);
        if (!_core.Sessions.TryAdd(state)) return FsError.EEXIST;
        var batch = Home.Begin(default, OperationKind.SessionOpened);
        batch.Put(new SessionRow(_id, hello.ClientName, hello.IsEmbedded, batch.Stamp));
        var opened = await Home.Submit(batch).WhenDurableAsync();

        // A read-only store is read without a row: nothing can be granted that a restart would have to honour.
        if (opened.IsError && opened.Error != FsError.EROFS)
        {
            _core.Sessions.End(state);
            return opened.Error;
        }

        state.Settle();
        return Welcome(state, holder);
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<Nothing>> SettleAsync()
    {
        if (_core.Sessions.Find(_id) is not { IsAlive: true } state) return new(FsError.ESTALE);
        foreach (var memory in _core.Memories) memory.Leases.NoteSettled(_id);
        state.Settle();
        return new(Nothing.Value);
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<KeepAliveReply>> KeepAliveAsync(ulong garbageEpochSeen)
    {
        if (_core.Sessions.Find(_id) is not { IsAlive: true, IsSettled: true } state) return new(FsError.ESTALE);
        state.NoteSeen(_core.Time.GetTimestamp());
        state.NoteGarbageEpoch(garbageEpochSeen);
        return new(new KeepAliveReply(_core.Store.Clock.Next(), _core.GarbageEpoch));
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<Nothing>> CloseAsync()
    {
        if (_core.Sessions.Find(_id) is { } state) _core.Sessions.End(state);
        return await CleanAsync();
    }

    /// <inheritdoc/>
    public async ValueTask WatchAsync()
    {
        if (_core.Sessions.Find(_id) is null) await CleanAsync();
        else StartTimer();
    }

    private FsResult<SessionWelcome> Reopen(SessionState state, SessionHello hello, ILeaseHolder holder)
    {
        if (state.Status is SessionStatus.Evicted or SessionStatus.Ended) return FsError.ESTALE;

        // A client opens a session once, and once more for each start of the silo: this is a copy that comes late, and
        // must not touch what the session holds by now.
        if (state.ClientName != hello.ClientName || state.IsSettled) return FsError.EEXIST;
        return Welcome(state, holder);
    }

    private SessionWelcome Welcome(SessionState state, ILeaseHolder holder)
    {
        state.Attach(holder, _core.Time.GetTimestamp());
        StartTimer();
        var identity = _core.Store.Identity;
        return new(_id, _core.Options.SessionTerm, identity.Incarnation, _core.Store.Clock.Next(),
            identity.ChunkKey.ToArray());
    }

    private void StartTimer()
    {
        if (_core.Sessions.Find(_id) is not { IsEmbedded: false }) return;
        var period = _core.Options.SessionTerm / 2;
        _timer ??= this.RegisterGrainTimer(CheckTermAsync, period, period);
    }

    private async Task CheckTermAsync(CancellationToken cancellationToken)
    {
        if (_core.Sessions.Find(_id) is { } state)
        {
            if (_core.Sessions.TermLeft(state) > TimeSpan.Zero) return;
            _core.Sessions.End(state);
        }

        await CleanAsync();
    }

    private async ValueTask<FsResult<Nothing>> CleanAsync()
    {
        _timer?.Dispose();
        _timer = null;
        if (_isCleaning) return Nothing.Value;
        _isCleaning = true;
        try
        {
            foreach (var shard in _core.Store.Shards.Loaded)
            {
                var ended = await GrainFactory.GetGrain<IShardGrain>(shard.Id.Value).EndSessionAsync(_id);
                if (ended.IsError) return ended;
            }

            var version = default(ReadVersion);
            if (Home.FindSession(_id, ref version) is null) return Nothing.Value;
            var batch = Home.Begin(default, OperationKind.SessionClosed);
            batch.DeleteSession(_id);
            return await Home.Submit(batch).WhenDurableAsync();
        }
        finally
        {
            _isCleaning = false;
        }
    }
}
