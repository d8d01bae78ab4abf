using ClaudeFs.Client.Threading;
using ClaudeFs.Grains;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Sessions;

/// <summary>Told by the <see cref="SessionKeeper"/> when leases end all at once.</summary>
internal interface ISessionListener
{
    /// <summary>
    /// Nothing cached is good any more. With <paramref name="isLost"/> the leases are gone too, and what was written
    /// under
    /// them; else the session lives and may flush. Completes when the front end has dropped what it held.
    /// </summary>
    ValueTask DropAllAsync(ClientSession session, bool isLost);

    /// <summary>
    /// The silo has restarted and knows no lease. Takes again those under which something waits to be written, and
    /// those of open files; gives up the rest. Completes when the front end has dropped what it held under those.
    /// Throws what a lost connection throws.
    /// </summary>
    ValueTask ReclaimAsync(ClientSession session);
}

/// <summary>
/// Keeps a session open: keepalives at a third of its term; comes back with it when the silo has restarted; a new
/// session when it is lost. Thread-safe.
/// </summary>
/// <remarks>
/// Invariants: one keepalive at a time; <c>_current</c> is null while there is no session to use; a session whose term
/// ran
/// out is used again only after everything cached was dropped. No lock; state is changed by the one chain of
/// keepalives.
/// </remarks>
internal sealed class SessionKeeper : IAsyncDisposable
{
    private const int KeepAlivesPerTerm = 3;
    private static readonly TimeSpan IntervalMax = TimeSpan.FromSeconds(2);

    private readonly ClientDependencies _dependencies;
    private readonly ClientOptions _options;
    private readonly ISessionListener _listener;
    private readonly ILoop _loop;
    private readonly LoopSignal _changed;
    private readonly AsyncGate _gate;
    private readonly ILeaseHolder _holder;
    private readonly ILeaseHolder _holderReference;
    private readonly ITimer _timer;
    private ClientSession? _current;
    private ulong _garbageEpochSeen;
    private volatile bool _isClosed;

    public SessionKeeper(
        ClientDependencies dependencies, ClientOptions options, ILoop loop, ILeaseHolder holder,
        ISessionListener listener)
    {
        (_dependencies, _options, _loop, _listener, _holder) = (dependencies, options, loop, listener, holder);
        _changed = new LoopSignal(loop);
        _gate = new AsyncGate(loop);
        Clock = new ServerClock(dependencies.Time);
        _holderReference = dependencies.Grains.CreateObjectReference<ILeaseHolder>(holder);
        _timer = dependencies.Time.CreateTimer(
            static state => ((SessionKeeper)state!).OnTimer(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        dependencies.WhenStoreFails?.Invoke(OnStoreFailing);
    }

    /// <summary>The silo's clock.</summary>
    public ServerClock Clock { get; }

    /// <summary>The session to use, or null; whether its leases hold it tells itself.</summary>
    public ClientSession? Current => Volatile.Read(ref _current);

    /// <summary>Opens the first session. Throws <see cref="FsException"/> when none can be had within
    /// SessionWaitMax.</summary>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        await _gate.EnterAsync();
        try
        {
            var deadline = _dependencies.Time.GetUtcNow() + _options.SessionWaitMax;
            var delay = _options.RetryDelay;
            while (!await TryOpenAsync())
            {
                if (_dependencies.Time.GetUtcNow() >= deadline)
                {
                    throw new FsException(FsError.ETIMEDOUT, "No session could be opened");
                }

                await Task.Delay(delay, _dependencies.Time, cancellationToken);
                delay = Next(delay);
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>A session whose leases may be used; waits for one. Errors: ETIMEDOUT, EINTR, ENOTCONN
    /// (closed).</summary>
    public ValueTask<FsResult<ClientSession>> GetAsync(CancellationToken cancellationToken)
    {
        var session = Current;
        return session is { IsValid: true, IsReturning: false } ? new(session) : WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Asks the silo whether a session lives that had come back <paramref name="returns"/> times. Completes when it has
    /// answered, or the session is lost or has come back once more.
    /// </summary>
    public async ValueTask ProbeAsync(ClientSession session, int returns)
    {
        while (!session.IsLost && session.Returns == returns)
        {
            var changed = _changed.NextAsync();
            if (!_gate.TryEnter())
            {
                await changed;
                continue;
            }

            try
            {
                if (await KeepAliveAsync()) return;
            }
            finally
            {
                LeaveGate();
            }

            // The next keepalive may reach it.
            await _changed.NextAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _isClosed = true;
        await _timer.DisposeAsync();
        await _gate.EnterAsync();
        try
        {
            var session = Current;
            Volatile.Write(ref _current, null);
            if (session is not null && session.Lose()) await session.Grain.CloseAsync();
        }
        catch (Exception fault) when (GrainCaller.IsConnectionFault(fault))
        {
            _dependencies.Logger.CloseFailed(fault);
        }
        finally
        {
            _gate.Exit();
            _changed.Raise();
            _dependencies.Grains.DeleteObjectReference<ILeaseHolder>(_holderReference);
        }
    }

    private async ValueTask<FsResult<ClientSession>> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var changed = _changed.NextAsync();
                if (_isClosed) return FsError.ENOTCONN;
                var session = Current;
                if (session is { IsValid: true, IsReturning: false }) return session;
                await changed.WaitAsync(_options.SessionWaitMax, _dependencies.Time, cancellationToken);
            }
        }
        catch (TimeoutException)
        {
            return FsError.ETIMEDOUT;
        }
        catch (OperationCanceledException)
        {
            return FsError.EINTR;
        }
    }

    private void OnTimer()
    {
        if (_isClosed || !_gate.TryEnter()) return;
        _loop.Post(static state => _ = ((SessionKeeper)state!).KeepAliveAndExitAsync(), this);
    }

    // In line, before anything is taken back: from here on nothing is answered from what was shown under the session.
    private void OnStoreFailing()
    {
        if (Current?.Lose() == true) _loop.Post(static state => _ = ((SessionKeeper)state!).StartAnewAsync(), this);
    }

    private async Task StartAnewAsync()
    {
        await _gate.EnterAsync();
        await KeepAliveAndExitAsync();
    }

    private async Task KeepAliveAndExitAsync()
    {
        try
        {
            await KeepAliveAsync();
        }
        catch (Exception fault)
        {
            // Without the next keepalive the session would end.
            _dependencies.Logger.KeepAliveFailed(fault, Current?.Id ?? SessionId.None);
            Schedule(_options.RetryDelayMax);
        }
        finally
        {
            LeaveGate();
        }
    }

    // Who could not enter tries again.
    private void LeaveGate()
    {
        _gate.Exit();
        _changed.Raise();
    }

    // Inside the gate. False when it is not known how the session stands.
    private async ValueTask<bool> KeepAliveAsync()
    {
        if (_isClosed) return true;
        var session = Current;
        if (session is null)
        {
            if (!await TryOpenAsync()) Schedule(_options.RetryDelay);
            return true;
        }

        if (session.IsLost)
        {
            await EndAsync(session);
            return true;
        }

        var sent = _dependencies.Time.GetTimestamp();
        try
        {
            var reply = await session.Grain.KeepAliveAsync(_garbageEpochSeen);
            if (!reply.IsError)
            {
                await OnAliveAsync(session, reply.Value, sent);
                return true;
            }

            if (reply.Error == FsError.ESTALE)
            {
                await ReturnAsync(session);
                return true;
            }

            _dependencies.Logger.KeepAliveRefused(session.Id, reply.Error);
        }
        catch (Exception fault) when (GrainCaller.IsConnectionFault(fault))
        {
            _dependencies.Logger.KeepAliveFailed(fault, session.Id);
        }

        Schedule(Interval(session) / KeepAlivesPerTerm);
        return false;
    }

    private async ValueTask OnAliveAsync(ClientSession session, KeepAliveReply reply, long sent)
    {
        Clock.Correct(reply.ServerTime, sent);
        _garbageEpochSeen = reply.GarbageEpoch;
        if (!session.IsValid)
        {
            _dependencies.Logger.TermRanOut(session.Id);
            await _listener.DropAllAsync(session, isLost: false);
        }

        session.Extend(sent);

        // Only a settled session is told that it lives: the answer to the word that it has settled was lost.
        if (session.IsReturning) session.EndReturn();
        _changed.Raise();
        Schedule(Interval(session));
    }

    // The silo has restarted, or has given the session up: only opening it again tells which.
    private async ValueTask ReturnAsync(ClientSession session)
    {
        var sent = _dependencies.Time.GetTimestamp();
        var hello = new SessionHello(_options.ClientName, _options.IsEmbedded, IsReturning: true);
        var welcome = await session.Grain.OpenAsync(hello, _holderReference);
        if (welcome.IsError)
        {
            await OnLostAsync(session);
            return;
        }

        // Nothing that conflicts with the old leases is granted before the session says that it has settled.
        Clock.Correct(welcome.Value.ServerTime, sent);
        session.BeginReturn();
        session.Extend(sent);
        await _listener.ReclaimAsync(session);
        if ((await session.Grain.SettleAsync()).IsError)
        {
            await OnLostAsync(session);
            return;
        }

        session.EndReturn();
        _changed.Raise();
        _dependencies.Logger.SessionReturned(session.Id);
        Schedule(Interval(session));
    }

    // The store has failed, and this client with it.
    private async ValueTask EndAsync(ClientSession session)
    {
        try
        {
            await session.Grain.CloseAsync();
        }
        catch (Exception fault) when (GrainCaller.IsConnectionFault(fault))
        {
            _dependencies.Logger.CloseFailed(fault);
        }

        await OnLostAsync(session);
    }

    private async ValueTask OnLostAsync(ClientSession session)
    {
        _dependencies.Logger.SessionLost(session.Id);
        session.Lose();
        Volatile.Write(ref _current, null);
        _changed.Raise();
        await _listener.DropAllAsync(session, isLost: true);
        if (!await TryOpenAsync()) Schedule(_options.RetryDelay);
    }

    private async ValueTask<bool> TryOpenAsync()
    {
        var id = new SessionId(_dependencies.Ids.NextId());
        var grain = _dependencies.Grains.GetGrain<ISessionGrain>(unchecked((long)id.Value));
        var sent = _dependencies.Time.GetTimestamp();
        try
        {
            var hello = new SessionHello(_options.ClientName, _options.IsEmbedded, IsReturning: false);
            var welcome = await grain.OpenAsync(hello, _holderReference);
            if (welcome.IsError)
            {
                _dependencies.Logger.OpenRefused(id, welcome.Error);
                return false;
            }

            Clock.Correct(welcome.Value.ServerTime, sent);
            var session = new ClientSession(
                id, grain, _options.IsEmbedded, welcome.Value, _dependencies.Time, _loop);
            session.Extend(sent);
            Volatile.Write(ref _current, session);
            _dependencies.Logger.SessionOpened(id, welcome.Value.Term);
            _changed.Raise();
            Schedule(Interval(session));
            return true;
        }
        catch (Exception fault) when (GrainCaller.IsConnectionFault(fault))
        {
            _dependencies.Logger.OpenFailed(fault, id);
            return false;
        }
    }

    private static TimeSpan Interval(ClientSession session)
    {
        var third = session.Welcome.Term / KeepAlivesPerTerm;
        return third <= TimeSpan.Zero || third > IntervalMax ? IntervalMax : third;
    }

    private TimeSpan Next(TimeSpan delay) => delay * 2 < _options.RetryDelayMax ? delay * 2 : _options.RetryDelayMax;

    private void Schedule(TimeSpan due)
    {
        if (!_isClosed) _timer.Change(due, Timeout.InfiniteTimeSpan);
    }
}
