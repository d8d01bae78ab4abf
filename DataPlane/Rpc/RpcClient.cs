using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>
/// Keeps a connection to one of several addresses of a service: connects at the first call, and again by itself
/// whenever the connection ends, with pauses that double from 50 ms to 1 s. A call made meanwhile waits for the
/// connection within its own time. Serves the peer's calls with its router. Thread-safe. Lock: <c>_gate</c>, held over
/// nothing that waits.
/// </summary>
public sealed class RpcClient : IRpcCaller, IAsyncDisposable
{
    // A server that is away for long is tried each second, and not spoken of each time.
    private static readonly TimeSpan UnreachableLogInterval = TimeSpan.FromSeconds(10);

    private readonly ITransport _transport;
    private readonly Endpoint[] _endpoints;
    private readonly PeerIdentity _self;
    private readonly RpcRouter _router;
    private readonly RpcOptions _options;
    private readonly TimeProvider _time;
    private readonly IIdSource _random;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    // One source a waiter: a task with several awaiters continues all but one at the thread pool, out of order.
    private readonly List<TaskCompletionSource<RpcConnection>> _waiters = [];
    private Task _connecting = Task.CompletedTask;
    private RpcConnection? _current;
    private RpcClientState _state;
    private volatile TaskCompletionSource? _wake;
    private TimeSpan _pause;
    private long? _connectedAt;
    private long? _unreachableLoggedAt;
    private uint _nextEndpoint;
    private bool _isConnecting;

    /// <summary>
    /// Nothing is connected yet. Throws ArgumentException for no or too many endpoints and options that are not valid.
    /// </summary>
    public RpcClient(
        ITransport transport, IReadOnlyList<Endpoint> endpoints, PeerIdentity self, RpcRouter router,
        RpcOptions options, TimeProvider time, IIdSource random, ILogger logger)
    {
        options.Validate();
        if (endpoints.Count is 0 or > Limits.ClientEndpointsMax)
        {
            throw new ArgumentException(
                $"There are {endpoints.Count} endpoints: there must be 1 to {Limits.ClientEndpointsMax}",
                nameof(endpoints));
        }

        _transport = transport;
        _endpoints = [.. endpoints];
        _self = self;
        _router = router;
        _options = options;
        _time = time;
        _random = random;
        _logger = logger;
    }

    /// <summary>The state and, when it is not for the better, why; in line on whichever thread changed it.</summary>
    public event Action<RpcClientState, string>? StateChanged;

    public RpcClientState State
    {
        get
        {
            lock (_gate) return _state;
        }
    }

    /// <summary>The open connection; null while there is none.</summary>
    public RpcConnection? Connection => Volatile.Read(ref _current) is { IsOpen: true } open ? open : null;

    /// <summary>
    /// Connects if it is not, and waits for it. Errors, as RpcException: PeerUnavailable (none in time, or disposed).
    /// </summary>
    public async ValueTask<RpcConnection> ConnectAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        try
        {
            return Connection ?? await WhenReadyAsync().WaitAsync(timeout, _time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new RpcException(
                RpcErrorCode.PeerUnavailable,
                $"no connection to {string.Join(", ", _endpoints)} within {timeout}", exception);
        }
    }

    public ValueTask<RpcReply> CallAsync(RpcCall call, CancellationToken cancellationToken = default) =>
        Connection is { } open ? open.CallAsync(call, cancellationToken) : ConnectAndCallAsync(call, cancellationToken);

    public async ValueTask SendOneWayAsync(RpcCall call, CancellationToken cancellationToken = default)
    {
        var timeout = call.Timeout == TimeSpan.Zero ? _options.CallTimeout : call.Timeout;
        var connection = await ConnectAsync(timeout, cancellationToken);
        await connection.SendOneWayAsync(call, cancellationToken);
    }

    /// <summary>
    /// Ends the connection cleanly; calls in flight and calls that wait for one fail with PeerUnavailable.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        TaskCompletionSource<RpcConnection>[] waiters;
        RpcConnection? current;
        Task connecting;
        lock (_gate)
        {
            if (_state == RpcClientState.Closed) return;
            _state = RpcClientState.Closed;
            (waiters, current, connecting) = ([.. _waiters], _current, _connecting);
            _waiters.Clear();
        }

        CancelClosing();
        foreach (var waiter in waiters) waiter.TrySetException(Disposed());
        await connecting;
        if (current is not null) await current.CloseAsync("the client closed the connection");
        Notify(RpcClientState.Closed, "");
    }

    // In line, not on another thread: an in-process network keeps its one order.
    private void CancelClosing()
    {
        _closing.Cancel();
        _wake?.TrySetResult();
    }

    private static RpcException Disposed() => new(RpcErrorCode.PeerUnavailable, "the client is closed");

    private async ValueTask<RpcReply> ConnectAndCallAsync(RpcCall call, CancellationToken cancellationToken)
    {
        var timeout = call.Timeout == TimeSpan.Zero ? _options.CallTimeout : call.Timeout;
        var start = _time.GetTimestamp();
        while (true)
        {
            RpcConnection connection;
            var left = timeout - _time.GetElapsedTime(start);
            try
            {
                if (left <= TimeSpan.Zero) return Unavailable($"no connection within {timeout}");
                connection = await ConnectAsync(left, cancellationToken);
            }
            catch (RpcException exception)
            {
                return Unavailable(exception.Message);
            }

            left = timeout - _time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero) return Unavailable($"no connection within {timeout}");
            var reply = await connection.CallAsync(call with { Timeout = left }, cancellationToken);
            // It ended before the call went out: the next connection may have it.
            if (reply.WasSent || reply.Error?.Code != RpcErrorCode.PeerUnavailable) return reply;
        }
    }

    private static RpcReply Unavailable(string text) =>
        new(new RpcError(RpcErrorCode.PeerUnavailable, text), wasSent: false);

    private Task<RpcConnection> WhenReadyAsync()
    {
        // Continued in line: on an in-process network everything stays on its loop.
        var ready = new TaskCompletionSource<RpcConnection>();
        var done = new TaskCompletionSource();
        Task before;
        lock (_gate)
        {
            if (_state == RpcClientState.Closed) return Task.FromException<RpcConnection>(Disposed());
            if (_current is { IsOpen: true } open) return Task.FromResult(open);
            _waiters.Add(ready);
            if (_isConnecting) return ready.Task;
            _isConnecting = true;
            _state = RpcClientState.Connecting;
            before = _connecting;
            _connecting = done.Task;
        }

        _ = ConnectUntilDoneAsync(before, done);
        return ready.Task;
    }

    private async Task ConnectUntilDoneAsync(Task before, TaskCompletionSource done)
    {
        await before;
        Notify(RpcClientState.Connecting, "");
        try
        {
            // A connection that did not last is not made again at once, or a server that ends each would be hammered.
            var isPaused = _connectedAt is { } at && _time.GetElapsedTime(at) < _options.ReconnectDelayMax;
            if (!isPaused) _pause = _options.ReconnectDelayMin;
            for (var attempt = 0; !_closing.IsCancellationRequested; attempt++)
            {
                // All addresses are tried once before a pause.
                if (isPaused || (attempt > 0 && attempt % _endpoints.Length == 0)) await PauseAsync();
                isPaused = false;
                if (_closing.IsCancellationRequested) return;
                if (await TryConnectAsync(_endpoints[_nextEndpoint++ % _endpoints.Length])) return;
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed: whoever waits has been told.
        }
        finally
        {
            done.SetResult();
        }
    }

    private async Task<bool> TryConnectAsync(Endpoint endpoint)
    {
        try
        {
            await ConnectToAsync(endpoint);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogUnreachable(endpoint, exception.Message);
            Notify(RpcClientState.Connecting, exception.Message);
            return false;
        }
    }

    // The first refusal since a connection stood, and then one from time to time.
    private void LogUnreachable(Endpoint endpoint, string reason)
    {
        if (_unreachableLoggedAt is { } at && _time.GetElapsedTime(at) < UnreachableLogInterval) return;
        _unreachableLoggedAt = _time.GetTimestamp();
        _logger.CannotReach(endpoint.ToString(), reason, _options.ReconnectDelayMax);
    }

    // Between half and the whole pause, so that clients of a restarted server do not all come at once.
    private async Task PauseAsync()
    {
        // Not Task.Delay, whose cancellation goes on at the thread pool: in a simulation all stays in one order.
        var wake = _wake = new TaskCompletionSource();
        var pause = _pause * (0.5 + (_random.NextId() % 1024 / 2048.0));
        await using var timer = _time.CreateTimer(_ => wake.TrySetResult(), null, pause, Timeout.InfiniteTimeSpan);
        if (!_closing.IsCancellationRequested) await wake.Task;
        _pause = _pause * 2 < _options.ReconnectDelayMax ? _pause * 2 : _options.ReconnectDelayMax;
    }

    private async Task ConnectToAsync(Endpoint endpoint)
    {
        var connection = await _transport.ConnectAsync(endpoint, _closing.Token);
        await using var closing = _closing.Token.UnsafeRegister(
            static state => ((IConnection)state!).Close(Disposed()), connection);
        var hello = await RpcHandshake.GreetAsync(connection, _self, _options, _time);
        var peer = new RpcConnection(connection, hello, _router, _options, _time, _logger);
        TaskCompletionSource<RpcConnection>[] waiters;
        lock (_gate)
        {
            _isConnecting = false;
            if (_state == RpcClientState.Closed)
            {
                connection.Close(Disposed());
                return;
            }

            waiters = [.. _waiters];
            _waiters.Clear();
            _state = RpcClientState.Connected;
            _connectedAt = _time.GetTimestamp();
            _unreachableLoggedAt = null;
            _current = peer;
        }

        peer.Start();
        peer.WhenEnded(OnEnded);
        Notify(RpcClientState.Connected, "");
        foreach (var waiter in waiters) waiter.TrySetResult(peer);
    }

    private void OnEnded(RpcConnection connection)
    {
        if (_closing.IsCancellationRequested) return;
        Notify(RpcClientState.Connecting, connection.EndReason?.Message ?? "");
        // Its result is for those who wait; the peer's calls to us need the connection even when nobody does.
        _ = WhenReadyAsync();
    }

    private void Notify(RpcClientState state, string reason)
    {
        try
        {
            StateChanged?.Invoke(state, reason);
        }
        catch (Exception exception)
        {
            _logger.SubscriberFailed(exception);
        }
    }
}
