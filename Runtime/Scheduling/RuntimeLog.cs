using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Scheduling;

/// <summary>Events 0001-0099.</summary>
internal static partial class RuntimeLog
{
    [LoggerMessage(1, LogLevel.Trace, "{Grain} is active")]
    internal static partial void Activated(this ILogger logger, GrainId grain);

    [LoggerMessage(2, LogLevel.Error, "The activation of {Grain} failed; its waiting calls are refused")]
    internal static partial void ActivationFailed(this ILogger logger, GrainId grain, Exception exception);

    [LoggerMessage(3, LogLevel.Error, "The deactivation of {Grain} failed")]
    internal static partial void DeactivationFailed(this ILogger logger, GrainId grain, Exception exception);

    [LoggerMessage(4, LogLevel.Error, "A continuation in {Grain} threw")]
    internal static partial void ContinuationFailed(this ILogger logger, GrainId grain, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "A call of {Method}, for whose end nobody waits, failed")]
    internal static partial void OneWayFailed(this ILogger logger, string method, Exception exception);

    [LoggerMessage(6, LogLevel.Error, "A timer of {Grain} threw; it goes on")]
    internal static partial void TimerFailed(this ILogger logger, GrainId grain, Exception exception);

    [LoggerMessage(7, LogLevel.Debug, "{Count} idle activations are going")]
    internal static partial void Collected(this ILogger logger, int count);

    [LoggerMessage(8, LogLevel.Warning, "A message from {Peer} was refused: {Reason}")]
    internal static partial void MessageRefused(this ILogger logger, string peer, string reason);

    [LoggerMessage(9, LogLevel.Warning, "{Count} activations had not gone when the time to stop was over")]
    internal static partial void StopTimedOut(this ILogger logger, int count);
}
