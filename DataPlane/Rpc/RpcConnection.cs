using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>
/// Calls both ways over one connection, many at a time, answered in any order.
/// Invariants: request ids grow and are never reused on a connection; a call is in the table or among the waiting, or
/// answered, and whoever takes it out under the gate decides its result; the caller's memory is let go of before it
/// goes on. Locks: <c>_callGate</c> (own calls) and <c>_serveGate</c> (peer's calls), never both, and neither is held
/// over a send, a handler or a continuation.
/// </summary>
public sealed partial class RpcConnection : IRpcCaller, IAsyncDisposable
{
    private readonly IConnection _connection;
    private readonly RpcRouter _router;
    private readonly RpcOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _heartbeatTimer;
    private readonly Lock _endGate = new();
    private readonly int _callsMax;
    private List<Action<RpcConnection>>? _whenEnded = [];
    private readonly CancellationTokenSource _ended = new();
    private RpcException? _endReason;
    private long _heardBytes;
    private long _heardAt;
    private int _dispatchThread;
    private Task _receiving = Task.CompletedTask;

    internal RpcConnection(
        IConnection connection, Hello peer, RpcRouter router, RpcOptions options, TimeProvider time, ILogger logger)
    {
        _connection = connection;
        _router = router;
        _options = options;
        _time = time;
        _logger = logger;
        _callsMax = (int)Math.Min((uint)options.InFlightCallsMax, peer.CallsMax);
        Peer = new PeerIdentity(peer.Role, peer.Name, peer.Session);
        _heardAt = time.GetTimestamp();
        _expiryTimer = time.CreateTimer(
            static state => ((RpcConnection)state!).Expire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _heartbeatTimer = time.CreateTimer(
            static state => ((RpcConnection)state!).Beat(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Who is on the other side, as it said in its greeting.</summary>
    public PeerIdentity Peer { get; }

    /// <summary>The other side's address, for messages.</summary>
    public string RemoteAddress => _connection.RemoteAddress;

    /// <summary>Why it ended; null while it is open.</summary>
    public RpcException? EndReason => Volatile.Read(ref _endReason);

    public bool IsOpen => EndReason is null;

    /// <summary>Cancelled when the connection has ended.</summary>
    public CancellationToken EndedToken() => _ended.Token;

    /// <summary>
    /// Runs once when the connection has ended, or now when it has: in line on whichever thread ended it.
    /// </summary>
    public void WhenEnded(Action<RpcConnection> action)
    {
        lock (_endGate)
        {
            if (_whenEnded is not null)
            {
                _whenEnded.Add(action);
                return;
            }
        }

        action(this);
    }

    /// <summary>
    /// Ends it cleanly: calls in flight fail with PeerUnavailable, what is queued is sent, the peer is told
    /// <paramref name="reason"/>. Completes when both sides have ended, or after the handshake time-out.
    /// </summary>
    public async ValueTask CloseAsync(string reason)
    {
        var exception = new RpcException(RpcErrorCode.PeerUnavailable, reason);
        if (!TryEnd(exception)) return;
        await using var limit = _time.CreateTimer(
            _ => _connection.Close(exception), null, _options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        await SayGoodbyeAsync(exception);
        await _receiving;
        await _connection.DisposeAsync();
    }

    /// <summary>As <see cref="CloseAsync"/> with a general reason.</summary>
    public ValueTask DisposeAsync() => CloseAsync("the peer closed the connection");

    /// <summary>Starts to receive; called once, after which calls come in.</summary>
    internal void Start()
    {
        RpcInstruments.ConnectionOpened();
        _logger.Connected(Peer.Name, Peer.Role, RemoteAddress);
        _heartbeatTimer.Change(_options.HeartbeatInterval, _options.HeartbeatInterval);
        _receiving = ReceiveAllAsync();
    }

    internal TimeSpan ElapsedSince(long timestamp) => _time.GetElapsedTime(timestamp);

    internal TimeSpan TimeUntil(long expiry) =>
        expiry == long.MaxValue ? Timeout.InfiniteTimeSpan : _time.GetElapsedTime(_time.GetTimestamp(), expiry);

    private bool IsDispatching => Volatile.Read(ref _dispatchThread) == Environment.CurrentManagedThreadId;

    private async Task ReceiveAllAsync()
    {
        RpcException reason;
        try
        {
            while (true)
            {
                // What was answered while frames were at hand leaves together.
                if (!_connection.HasBufferedFrame) _connection.Flush();
                Dispatch(await _connection.ReceiveAsync());
            }
        }
        catch (RpcException exception)
        {
            reason = exception;
        }
        catch (Exception exception)
        {
            _logger.HandlerFailed(exception, Opcode.NoOp, Peer.Name);
            reason = new RpcException(RpcErrorCode.Faulted, "receiving failed", exception);
        }

        if (TryEnd(reason) && reason.Code is RpcErrorCode.ProtocolError or RpcErrorCode.UnsupportedVersion)
        {
            await SayGoodbyeAsync(reason);
            await _connection.DiscardAsync();
        }

        _connection.Close(reason);
    }

    private void Dispatch(in ReceivedFrame frame)
    {
        Volatile.Write(ref _dispatchThread, Environment.CurrentManagedThreadId);
        try
        {
            if (!IsOpen) frame.Payload.Dispose();
            else if (frame.Header.IsResponse) TakeResponse(frame);
            else TakeRequest(frame);
        }
        catch (RpcException)
        {
            frame.Payload.Dispose();
            throw;
        }
        finally
        {
            Volatile.Write(ref _dispatchThread, 0);
        }
    }

    private async ValueTask SayGoodbyeAsync(RpcException reason)
    {
        try
        {
            var error = new RpcError(reason.Code, reason.Message);
            var payload = new byte[RpcError.SizeBytesMax];
            var length = error.Write(payload);
            await _connection.SendAsync(
                new OutgoingFrame(Opcode.Goodbye, FrameFlags.OneWay, 0, Head: payload.AsMemory(0, length)));
            await _connection.FinishSendingAsync();
        }
        catch (RpcException exception)
        {
            // The peer is gone: then there is nobody to tell.
            _connection.Close(exception);
        }
    }

    private bool TryEnd(RpcException reason)
    {
        List<Action<RpcConnection>>? actions;
        lock (_endGate)
        {
            if (_endReason is not null) return false;
            Volatile.Write(ref _endReason, reason);
            actions = _whenEnded;
            _whenEnded = null;
        }

        _heartbeatTimer.Dispose();
        FailCalls(reason);
        CancelServed();
        RpcInstruments.ConnectionClosed();
        _logger.Ended(Peer.Name, RemoteAddress, reason.Code, reason.Message);
        _ended.Cancel();
        foreach (var action in actions!) action(this);
        return true;
    }

    private void Beat()
    {
        var heard = _connection.ReceivedBytes;
        var now = _time.GetTimestamp();
        // While a handler holds the receiving thread the silence is ours, not the peer's.
        if (heard != _heardBytes || Volatile.Read(ref _dispatchThread) != 0)
        {
            _heardBytes = heard;
            _heardAt = now;
        }
        else if (_time.GetElapsedTime(_heardAt, now) >= _options.DeadPeerAfter)
        {
            var reason = new RpcException(
                RpcErrorCode.PeerUnavailable,
                $"{RemoteAddress} has been silent for {_time.GetElapsedTime(_heardAt, now)}");
            TryEnd(reason);
            _connection.Close(reason);
            return;
        }

        _ = SendControlAsync(Opcode.Heartbeat, FrameFlags.OneWay, 0);
    }

    // Control frames are small and carry nothing; a failed send has closed the connection, which its receiver sees.
    private async Task SendControlAsync(Opcode opcode, FrameFlags flags, ulong id)
    {
        try
        {
            await _connection.SendAsync(new OutgoingFrame(opcode, flags, id), flush: !IsDispatching);
        }
        catch (RpcException exception)
        {
            _connection.Close(exception);
        }
    }
}
