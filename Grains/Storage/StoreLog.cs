using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Storage;

internal static partial class StoreLog
{
    [LoggerMessage(1000, LogLevel.Information,
        "Metadata opened: tables reach append {Tables}, log replayed to append {Log}, {Shards} shards touched")]
    public static partial void Opened(ILogger logger, ulong tables, ulong log, int shards);

    [LoggerMessage(1001, LogLevel.Error, "Metadata is read-only from here on: {Reason}")]
    public static partial void ReadOnly(ILogger logger, string reason);

    [LoggerMessage(1002, LogLevel.Error, "The committer stopped")]
    public static partial void CommitterFailed(ILogger logger, Exception fault);

    [LoggerMessage(1003, LogLevel.Error, "The tables could not be written")]
    public static partial void MaterialiserFailed(ILogger logger, Exception fault);

    [LoggerMessage(1004, LogLevel.Warning, "The last append of the log was not whole and is cut: {Reason}")]
    public static partial void TornTail(ILogger logger, string reason);

    [LoggerMessage(1006, LogLevel.Warning,
        "Closed before all that is in the log was in the tables; the next start goes on from there")]
    public static partial void LeftToTheNextStart(ILogger logger, Exception fault);

    [LoggerMessage(1007, LogLevel.Error,
        "The disk under the tables is full: what is committed stays in the log, growth is refused soon: {Reason}")]
    public static partial void DiskFull(ILogger logger, string reason);

    [LoggerMessage(1008, LogLevel.Information, "The disk under the tables has room again")]
    public static partial void DiskHasRoom(ILogger logger);

    [LoggerMessage(1005, LogLevel.Information, "New file system {FileSystem:x}")]
    public static partial void Formatted(ILogger logger, ulong fileSystem);
}
