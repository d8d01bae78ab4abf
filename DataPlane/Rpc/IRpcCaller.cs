namespace ClaudeFs.DataPlane.Rpc;

/// <summary>What calls can be made on: a connection, or a client that keeps one. Thread-safe.</summary>
public interface IRpcCaller
{
    /// <summary>
    /// Calls and waits for the answer, which the caller disposes; the call's memory is borrowed until then. Errors are
    /// in the reply: RequestTimeout, DeadlineExceeded, PeerUnavailable, Overloaded, PoolExhausted, UnknownOpcode,
    /// AccessDenied, UnsupportedFlags, PayloadTooLarge, Faulted, and Errno for the handler's refusal. Throws only
    /// OperationCanceledException, when <paramref name="cancellationToken"/> is cancelled: the peer is told.
    /// </summary>
    ValueTask<RpcReply> CallAsync(RpcCall call, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sends without an answer; completes when the call's memory is no longer needed, which says nothing about arrival.
    /// Errors, as RpcException: PeerUnavailable, PayloadTooLarge.
    /// </summary>
    ValueTask SendOneWayAsync(RpcCall call, CancellationToken cancellationToken = default);
}
