using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.DataPlane.Rpc;

internal static partial class RpcLog
{
    [LoggerMessage(3200, LogLevel.Information, "Connected: {Peer} ({Role}) at {Address}")]
    public static partial void Connected(this ILogger logger, string peer, PeerRoles role, string address);

    [LoggerMessage(3201, LogLevel.Information, "Connection to {Peer} at {Address} ended: {Code}, {Reason}")]
    public static partial void Ended(
        this ILogger logger, string peer, string address, RpcErrorCode code, string reason);

    [LoggerMessage(3202, LogLevel.Warning, "Connection from {Address} refused: {Code}, {Reason}")]
    public static partial void Refused(this ILogger logger, string address, RpcErrorCode code, string reason);

    [LoggerMessage(3203, LogLevel.Error, "Handler of {Opcode} for {Peer} failed")]
    public static partial void HandlerFailed(this ILogger logger, Exception exception, Opcode opcode, string peer);

    [LoggerMessage(3204, LogLevel.Warning, "Cannot reach {Endpoint}: {Reason}; tried again at least every {Delay}")]
    public static partial void CannotReach(this ILogger logger, string endpoint, string reason, TimeSpan delay);

    [LoggerMessage(3205, LogLevel.Error, "Accepting connections at {Endpoint} failed")]
    public static partial void AcceptFailed(this ILogger logger, Exception exception, string endpoint);

    [LoggerMessage(3206, LogLevel.Error, "A subscriber to connection events failed")]
    public static partial void SubscriberFailed(this ILogger logger, Exception exception);
}
