using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging;
using NLog.Config;
using NLog.Extensions.Logging;
using NLog.Targets;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace ClaudeFs.Cli.Hosting;

/// <summary>Where a daemon logs: a rotated file, or standard error.</summary>
internal static class Loggers
{
    private const long FileBytesMax = 16 << 20;
    private const int FilesKept = 5;
    private const string Layout =
        "${date:universalTime=true:format=yyyy-MM-ddTHH\\:mm\\:ss.fffZ} ${level:uppercase=true:padding=-5} "
        + "${event-properties:EventId_Id} ${logger} ${message}${onexception:inner= ${exception:format=tostring}}";

    /// <summary>Logs into <paramref name="path"/>, or to standard error when it is null.</summary>
    public static ILoggerFactory Create(string? path, LogLevel level)
    {
        var configuration = new LoggingConfiguration();
        Target target = path is null
            ? new ConsoleTarget("log") { StdErr = true, Layout = Layout }
            : new FileTarget("log")
            {
                FileName = path,
                Layout = Layout,
                ArchiveAboveSize = FileBytesMax,
                MaxArchiveFiles = FilesKept,
                KeepFileOpen = true,
            };
        configuration.AddRule(NLog.LogLevel.Trace, NLog.LogLevel.Fatal, target);
        return LoggerFactory.Create(logging => logging
            .SetMinimumLevel(level)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddNLog(configuration, new NLogProviderOptions { RemoveLoggerFactoryFilter = false }));
    }

    /// <summary>Loops whose faults end up in the log: work of a loop catches what it expects.</summary>
    public static ThreadLoopFactory CreateLoops(ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("ClaudeFs.Loops");
        return new(logger.LoopFaulted);
    }
}
