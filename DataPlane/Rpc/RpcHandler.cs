namespace ClaudeFs.DataPlane.Rpc;

/// <summary>
/// Serves one call. Starts in line on the receiving thread: it must not block, and what computes long should leave the
/// thread first. The request, payload included, is valid until the returned task completes. An exception is answered
/// Faulted, a cancellation Cancelled, an FsException its errno; its text is logged and never sent.
/// </summary>
public delegate ValueTask<RpcResponse> RpcHandler(RpcRequest request);
