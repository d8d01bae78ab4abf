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

    [LoggerMessage(6010, LogLevel.Warning,
        "{Index} is lost: {Reason}. It is made anew from the segments and the metadata")]
    public static partial void IndexLost(this ILogger logger, string index, string reason);

    [LoggerMessage(6011, LogLevel.Information, "{Index}: {Done} of {Total} segments looked at")]
    public static partial void IndexProgress(this ILogger logger, string index, long done, long total);

    [LoggerMessage(6012, LogLevel.Warning,
        "{Index} is made anew after {Elapsed}: {Segments} segments, {Items} items; {Lost} items were not found")]
    public static partial void IndexMade(
        this ILogger logger, string index, TimeSpan elapsed, int segments, long items, int lost);
}
