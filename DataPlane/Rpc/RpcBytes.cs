using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>Bytes in, bytes out: what a message transport above needs of a connection.</summary>
public static class RpcBytes
{
    /// <summary>
    /// Calls with bytes, borrowed until completion, and returns the answer's bytes, the caller's for good. Throws
    /// TimeoutException when no answer came in time, RpcException (an IOException) for any other failure.
    /// </summary>
    public static async ValueTask<ReadOnlyMemory<byte>> CallForBytesAsync(
        this IRpcCaller caller, Opcode opcode, ReadOnlyMemory<byte> request, TimeSpan timeout,
        CancellationToken cancellationToken = default)
    {
        using var reply = await caller.CallAsync(new RpcCall(opcode, request, Timeout: timeout), cancellationToken);
        if (reply.Error is not { } error) return reply.Payload.ToArray();
        throw error.Code is RpcErrorCode.RequestTimeout or RpcErrorCode.DeadlineExceeded
            ? new TimeoutException(error.Text)
            : error.ToException();
    }

    /// <summary>
    /// A handler from a function of bytes: the request's bytes are valid until its task completes, the answer's bytes
    /// are never changed again. The token is cancelled when the caller gives up or the connection ends.
    /// </summary>
    public static RpcHandler ToHandler(
        Func<RpcConnection, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> answer) =>
        async request => RpcResponse.Of(await answer(request.Connection, request.Payload, request.CancellationToken));
}
