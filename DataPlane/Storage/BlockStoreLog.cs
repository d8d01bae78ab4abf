using ClaudeFs.DataPlane.Storage.Segments;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Events of the block store: 3100 to 3199.</summary>
internal static partial class BlockStoreLog
{
    [LoggerMessage(3100, LogLevel.Information, "{Device}: {Segments} segments, {Places} places, {Free} of them free")]
    public static partial void Opened(this ILogger logger, string device, int segments, int places, int free);

    [LoggerMessage(3101, LogLevel.Error, "Found at the start: {Finding}")]
    public static partial void RecoveryFinding(this ILogger logger, string finding);

    [LoggerMessage(3102, LogLevel.Critical, "{Device}: flush failed; nothing is stored any more until a restart")]
    public static partial void FlushFailed(this ILogger logger, string device, Exception fault);

    [LoggerMessage(3103, LogLevel.Error, "Segment {Segment}: write at device offset {Offset} failed")]
    public static partial void WriteFailed(this ILogger logger, ulong segment, long offset, Exception fault);

    [LoggerMessage(3104, LogLevel.Error, "Segment {Segment} slot {Slot}: read at device offset {Offset} failed")]
    public static partial void ReadFailed(this ILogger logger, ulong segment, uint slot, long offset, Exception fault);

    [LoggerMessage(3105, LogLevel.Error,
        "Segment {Segment} slot {Slot}: {Device} offset {Offset}, {Length} bytes: " +
        "expected CRC32C {Expected:x8}, found {Found:x8}")]
    public static partial void ChecksumWrong(
        this ILogger logger, ulong segment, uint slot, string device, long offset, int length, uint expected,
        uint found);

    [LoggerMessage(3106, LogLevel.Error,
        "Log position {Cursor}: {Anomaly} reference to segment {Segment} slot {Slot}, change {Delta}")]
    public static partial void FeedAnomaly(
        this ILogger logger, FeedAnomaly anomaly, ulong cursor, ulong segment, uint slot, int delta);

    [LoggerMessage(3107, LogLevel.Error, "{Index}: commit of reference counts failed; tried again later")]
    public static partial void IndexFailed(this ILogger logger, string index, Exception fault);

    [LoggerMessage(3108, LogLevel.Warning, "{Device}: closed as by a crash; the next start recovers")]
    public static partial void CloseFailed(this ILogger logger, string device, Exception fault);

    [LoggerMessage(3109, LogLevel.Warning,
        "{Device}: cannot grow beyond {Places} places: the capacity is {Capacity} bytes until it can")]
    public static partial void GrowthRefused(
        this ILogger logger, string device, int places, long capacity, Exception fault);

    [LoggerMessage(3110, LogLevel.Information, "{Device}: grown to {Places} places")]
    public static partial void Grown(this ILogger logger, string device, int places);

    [LoggerMessage(3111, LogLevel.Error, "Maintenance of the block store failed; tried again later")]
    public static partial void MaintenanceFailed(this ILogger logger, Exception fault);

    [LoggerMessage(3112, LogLevel.Error,
        "Segment {Segment}: its directory could not be written at device offset {Offset}")]
    public static partial void SealFailed(this ILogger logger, ulong segment, long offset, Exception fault);

    [LoggerMessage(3113, LogLevel.Error,
        "Segment {Segment} slot {Slot}: damaged at device offset {Offset}; it stays where it is and is not moved")]
    public static partial void MoveRefused(this ILogger logger, ulong segment, uint slot, long offset);

    [LoggerMessage(3114, LogLevel.Debug, "Compaction emptied {Count} segments, moved {Items} items, {Bytes} bytes")]
    public static partial void Compacted(this ILogger logger, int count, int items, long bytes);
}
