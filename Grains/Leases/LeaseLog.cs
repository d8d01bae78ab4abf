using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Leases;

internal static partial class LeaseLog
{
    [LoggerMessage(1100, LogLevel.Warning,
        "Session {Session} ({Client}) answered no recall of inode {Inode} for {Silence}: evicted, free in {Left}")]
    public static partial void Evicted(
        this ILogger logger, SessionId session, string client, InodeId inode, TimeSpan silence, TimeSpan left);

    [LoggerMessage(1101, LogLevel.Warning, "Recall of inode {Inode} from session {Session} failed: trying again")]
    public static partial void RecallFailed(this ILogger logger, Exception exception, InodeId inode, SessionId session);

    [LoggerMessage(1102, LogLevel.Information,
        "Session {Session} ({Client}) is over: its term ended without a sign of life")]
    public static partial void TermOver(this ILogger logger, SessionId session, string client);
}
