namespace ClaudeFs.DataPlane.Protocol;

/// <summary>
/// A connection could not be made or has ended, or a caller asked for an exception in place of an error value.
/// </summary>
public sealed class RpcException(RpcErrorCode code, string message, Exception? inner = null)
    : IOException(message, inner)
{
    public RpcErrorCode Code { get; } = code;
}
