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

    [LoggerMessage(6025, LogLevel.Warning, "{Where}: {What}")]
    public static partial void WriteAheadLogDamaged(this ILogger logger, string where, string what);

    [LoggerMessage(6011, LogLevel.Information, "{Index}: {Done} of {Total} segments looked at")]
    public static partial void IndexProgress(this ILogger logger, string index, long done, long total);

    [LoggerMessage(6012, LogLevel.Warning,
        "{Index} is made anew after {Elapsed}: {Segments} segments, {Items} items; {Lost} items were not found")]
    public static partial void IndexMade(
        this ILogger logger, string index, TimeSpan elapsed, int segments, long items, int lost);

    [LoggerMessage(6020, LogLevel.Information, "A scrub begins, at {Rate} bytes a second at most (0: no limit)")]
    public static partial void ScrubStarted(this ILogger logger, long rate);

    [LoggerMessage(6021, LogLevel.Information, "A scrub read {Bytes} bytes in {Elapsed} and found {Findings} faults")]
    public static partial void ScrubEnded(this ILogger logger, TimeSpan elapsed, long bytes, int findings);

    [LoggerMessage(6022, LogLevel.Error, "A scrub found damage: {Where}: {What}")]
    public static partial void ScrubFound(this ILogger logger, string where, string what);

    [LoggerMessage(6023, LogLevel.Error, "A scrub could not go on")]
    public static partial void ScrubFailed(this ILogger logger, Exception fault);

    [LoggerMessage(6024, LogLevel.Warning, "{Record} says nothing of the last scrub ({Reason}): it counts as none")]
    public static partial void ScrubRecordLost(this ILogger logger, string record, string reason);
}
