using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Hosting;

internal static partial class HostingLog
{
    [LoggerMessage(1200, LogLevel.Information,
        "Sessions of before: {Over} over, {Absent} waited for until their term ends")]
    public static partial void SessionsFound(this ILogger logger, int over, int absent);

    [LoggerMessage(1201, LogLevel.Error, "Rows of session {Session}, which is over, could not be cleaned up")]
    public static partial void CleaningFailed(this ILogger logger, Exception exception, SessionId session);
}
