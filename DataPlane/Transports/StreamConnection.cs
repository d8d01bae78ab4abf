using ClaudeFs.DataPlane.Protocol;

namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// Frames over a byte stream.
/// Invariants: one drainer at a time sends (<c>_isDraining</c>); batches leave in the order in which frames were
/// queued; memory of a frame is given back to its sender only when the stream does not look at it any more, so a close
/// leaves the batch being sent to its drainer. Lock: <c>_sendGate</c> alone, never held over a send, a callback or a
/// continuation.
/// </summary>
public sealed partial class StreamConnection : IConnection
{
    private const long Never = long.MinValue;
    private const int StallChecksPerTimeout = 4;

    private readonly IByteStream _stream;
    private readonly TransportOptions _options;
    private readonly TimeProvider _time;
    private readonly ITimer _stallTimer;
    private RpcException? _closeReason;
    private long _receivingSince = Never;
    private long _sendingSince = Never;

    /// <summary>Takes ownership of the stream.</summary>
    public StreamConnection(IByteStream stream, TransportOptions options, TimeProvider time)
    {
        _stream = stream;
        _options = options;
        _time = time;
        _buffer = PayloadPool.Shared.Rent(Primitives.Limits.ReceiveBufferBytes);
        var shortest = options.ReadTimeout < options.WriteTimeout ? options.ReadTimeout : options.WriteTimeout;
        var period = shortest / StallChecksPerTimeout;
        _stallTimer = time.CreateTimer(static state => ((StreamConnection)state!).CheckStalls(), this, period, period);
    }

    public string LocalAddress => _stream.LocalAddress;

    public string RemoteAddress => _stream.RemoteAddress;

    public bool ContinuesOnLoop => _stream.ContinuesOnLoop;

    public RpcException? CloseReason => Volatile.Read(ref _closeReason);

    public void Close(RpcException reason)
    {
        if (Interlocked.CompareExchange(ref _closeReason, reason, null) is not null) return;
        _stallTimer.Dispose();
        _stream.Abort();
        FailQueued(reason);
        ReleaseBuffer();
    }

    public async ValueTask FinishSendingAsync()
    {
        try
        {
            await QueueBarrierAsync();
            _stream.FinishSending();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            Close(new RpcException(RpcErrorCode.PeerUnavailable, exception.Message, exception));
        }
    }

    public async ValueTask DiscardAsync()
    {
        if (CloseReason is not null) return;
        BeginReceive();
        try
        {
            // The read time-out runs over the whole wait, or a peer that never ends could hold us.
            Volatile.Write(ref _receivingSince, _time.GetTimestamp());
            while (await _stream.ReceiveAsync(_buffer.Memory) > 0)
            {
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            Close(new RpcException(RpcErrorCode.PeerUnavailable, exception.Message, exception));
        }
        finally
        {
            EndReceive();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close(new RpcException(RpcErrorCode.PeerUnavailable, "closed on this side"));
        await _stream.DisposeAsync();
    }

    private void CheckStalls()
    {
        if (IsOver(ref _receivingSince, _options.ReadTimeout))
        {
            Close(new RpcException(
                RpcErrorCode.PeerUnavailable,
                $"no byte of a begun frame came from {RemoteAddress} in {_options.ReadTimeout}"));
        }
        else if (IsOver(ref _sendingSince, _options.WriteTimeout))
        {
            Close(new RpcException(
                RpcErrorCode.PeerUnavailable, $"{RemoteAddress} took no byte in {_options.WriteTimeout}"));
        }
    }

    private bool IsOver(ref long since, TimeSpan timeout)
    {
        var start = Volatile.Read(ref since);
        return start != Never && _time.GetElapsedTime(start) >= timeout;
    }
}
