using Microsoft.Extensions.Logging;

namespace ClaudeFs.Silo;

internal static partial class SiloLog
{
    [LoggerMessage(6000, LogLevel.Warning, "Garbage is not collected: {Reason}")]
    public static partial void GarbageWaits(this ILogger logger, string reason);

    [LoggerMessage(6001, LogLevel.Warning, "The block store's start: {Finding}")]
    public static partial void BlockFinding(this ILogger logger, string finding);

    [LoggerMessage(6002, LogLevel.Information,
        "Serving {DataDirectory}: file system {FileSystem}, {CapacityBytes} bytes, at {Endpoint}")]
    public static partial void Serving(
        this ILogger logger, string dataDirectory, string fileSystem, long capacityBytes, string endpoint);
}
