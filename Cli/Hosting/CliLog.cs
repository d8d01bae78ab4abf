using Microsoft.Extensions.Logging;

namespace ClaudeFs.Cli.Hosting;

internal static partial class CliLog
{
    [LoggerMessage(6100, LogLevel.Critical, "Loop {Loop} met a fault it does not know")]
    public static partial void LoopFaulted(this ILogger logger, string loop, Exception fault);

    [LoggerMessage(6102, LogLevel.Warning, "{File} could not be written: commands need --admin {Address}")]
    public static partial void AddressNotWritten(this ILogger logger, Exception fault, string file, string address);

    [LoggerMessage(
        6103, LogLevel.Warning,
        "Nobody guards the mount at {Path}: it may hang if this process is killed while it waits in the kernel")]
    public static partial void MountUnguarded(this ILogger logger, Exception? fault, string path);

    [LoggerMessage(6101, LogLevel.Warning, "{Address} could not be removed")]
    public static partial void AddressStays(this ILogger logger, Exception fault, string address);
}
