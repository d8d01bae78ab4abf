using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>What a handler answers.</summary>
public readonly struct RpcResponse
{
    private RpcResponse(ReadOnlyMemory<byte> payload, PayloadOwner owner, RpcError? error)
    {
        Payload = payload;
        Owner = owner;
        Error = error;
    }

    /// <summary>Done, nothing to say.</summary>
    public static RpcResponse Empty => default;

    internal ReadOnlyMemory<byte> Payload { get; }

    internal PayloadOwner Owner { get; }

    internal RpcError? Error { get; }

    /// <summary>Bytes that nobody changes any more: they are read until the answer is sent.</summary>
    public static RpcResponse Of(ReadOnlyMemory<byte> payload) => new(payload, default, null);

    /// <summary>
    /// Pooled bytes: ownership passes to the connection, which disposes them when the answer is sent.
    /// </summary>
    public static RpcResponse Of(PayloadOwner payload) => new(payload.Memory, payload, null);

    /// <summary>An ordinary refusal.</summary>
    public static RpcResponse Fail(FsError errno) => new(default, default, new RpcError(errno));

    /// <summary>A failure with a name.</summary>
    public static RpcResponse Fail(RpcErrorCode code, string text) => new(default, default, new RpcError(code, text));
}
