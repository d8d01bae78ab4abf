using System.Diagnostics;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>
/// A peer's call while it is served. Reused: not to be touched after the handler's task has completed.
/// </summary>
public sealed class RpcRequest
{
    private readonly Lock _gate = new();
    private PayloadOwner _payload;
    private CancellationTokenSource? _cancellation;
    private bool _isCancelled;

    internal RpcRequest(RpcConnection connection) => Connection = connection;

    /// <summary>The connection it came over; the caller can be called back on it.</summary>
    public RpcConnection Connection { get; }

    /// <summary>Who calls.</summary>
    public PeerIdentity Peer => Connection.Peer;

    public Opcode Opcode => Info.Opcode;

    /// <summary>Whether nobody waits for an answer.</summary>
    public bool IsOneWay { get; private set; }

    /// <summary>The caller's span, when it sent one.</summary>
    public TraceContext Trace { get; private set; }

    /// <summary>The call's bytes, borrowed until the handler's task completes.</summary>
    public ReadOnlyMemory<byte> Payload => _payload.Memory;

    /// <summary>Time the caller still waits; Timeout.InfiniteTimeSpan when it did not say.</summary>
    public TimeSpan Remaining => Connection.TimeUntil(Expiry);

    /// <summary>Cancelled when the caller gives up or the connection ends.</summary>
    public CancellationToken CancellationToken
    {
        get
        {
            lock (_gate)
            {
                _cancellation ??= new CancellationTokenSource();
                if (_isCancelled) _cancellation.Cancel();
                return _cancellation.Token;
            }
        }
    }

    internal OpcodeInfo Info { get; private set; } = OpcodeTable.Find(Opcode.NoOp);

    internal ulong Id { get; private set; }

    internal long Expiry { get; private set; }

    internal long StartedAt { get; private set; }

    internal int HeldBytes { get; private set; }

    internal RpcHandler? Handler { get; private set; }

    internal Activity? Activity { get; set; }

    internal bool IsCancelled
    {
        get
        {
            lock (_gate) return _isCancelled;
        }
    }

    /// <summary>Takes the payload: the handler owns and disposes it from here on.</summary>
    public PayloadOwner DetachPayload()
    {
        var payload = _payload;
        _payload = default;
        return payload;
    }

    internal void Set(OpcodeInfo info, in ReceivedFrame frame, RpcHandler handler, long now, long expiry)
    {
        lock (_gate) Id = frame.Header.RequestId;
        Info = info;
        IsOneWay = frame.Header.IsOneWay;
        Handler = handler;
        StartedAt = now;
        Expiry = expiry;
        HeldBytes = frame.Payload.Length;
        _payload = frame.Payload;
        Trace = default;
        if (!frame.Header.IsTraced) return;
        if (TraceContext.TryRead(frame.Payload.Span, out var trace)) Trace = trace;
        _payload = frame.Payload.Slice(TraceContext.SizeBytes, frame.Payload.Length - TraceContext.SizeBytes);
    }

    // By id: this object may serve another call by now.
    internal void Cancel(ulong id)
    {
        CancellationTokenSource? cancellation;
        lock (_gate)
        {
            if (Id != id) return;
            _isCancelled = true;
            cancellation = _cancellation;
        }

        cancellation?.Cancel();
    }

    internal void Clear()
    {
        _payload.Dispose();
        _payload = default;
        Handler = null;
        Activity?.Dispose();
        Activity = null;
        lock (_gate)
        {
            // Not disposed: a late Cancel may hold it, and without a timer there is nothing to free.
            _cancellation = null;
            _isCancelled = false;
            Id = 0;
        }
    }
}
