using System.Threading.Tasks.Sources;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

// One own call from its making to its result; reused after the result was taken. Its fields belong to the connection's
// call gate. It completes when it is answered (by whatever) and its frame's memory has been let go of, in either order.
internal sealed class PendingCall : IValueTaskSource<RpcReply>
{
    private readonly RpcConnection _connection;
    private ManualResetValueTaskSourceCore<RpcReply> _core;
    private RpcReply _reply;
    private bool _isCancelled;

    public PendingCall(RpcConnection connection, bool inline)
    {
        _connection = connection;
        _core.RunContinuationsAsynchronously = !inline;
        Node = new LinkedListNode<PendingCall>(this);
    }

    public RpcConnection Owner => _connection;

    public LinkedListNode<PendingCall> Node { get; }

    public RpcCall Call { get; private set; }

    public OpcodeInfo Info { get; private set; } = OpcodeTable.Find(Opcode.NoOp);

    public TraceContext Trace { get; private set; }

    public long PayloadBytes { get; private set; }

    public long StartedAt { get; private set; }

    public long Expiry { get; private set; }

    public CancellationToken Cancellation { get; private set; }

    public CancellationTokenRegistration Registration { get; set; }

    public ulong Id { get; set; }

    public bool IsInFlight { get; set; }

    public bool IsSending { get; set; }

    public bool IsAnswered { get; private set; }

    public short Version => _core.Version;

    public void Set(
        in RpcCall call, OpcodeInfo info, long payloadBytes, long now, long expiry, CancellationToken cancellation)
    {
        Call = call;
        Info = info;
        PayloadBytes = payloadBytes;
        StartedAt = now;
        Expiry = expiry;
        Cancellation = cancellation;
        Trace = RpcInstruments.TryCaptureTrace(out var trace) ? trace : default;
    }

    /// <summary>Under the gate: the result is decided. True when it can be completed now.</summary>
    public bool Answer(in RpcReply reply, bool isCancelled = false)
    {
        _reply = reply;
        _isCancelled = isCancelled;
        IsAnswered = true;
        return !IsSending;
    }

    /// <summary>Outside the gate, once: the caller goes on.</summary>
    public void Complete()
    {
        RpcInstruments.CallEnded(Info, isClient: true, _connection.ElapsedSince(StartedAt), _reply.Error);
        if (_isCancelled) _core.SetException(new OperationCanceledException(Cancellation));
        else _core.SetResult(_reply);
    }

    ValueTaskSourceStatus IValueTaskSource<RpcReply>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<RpcReply>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    RpcReply IValueTaskSource<RpcReply>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that is running: after it none can reach the next life of this object.
            Registration.Dispose();
            Clear();
            _connection.Recycle(this);
        }
    }

    private void Clear()
    {
        _core.Reset();
        _reply = default;
        Call = default;
        Cancellation = default;
        Registration = default;
        IsInFlight = IsSending = IsAnswered = _isCancelled = false;
    }
}
