using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Fuse.Tests.Mounts;

/// <summary>Keeps what is logged as an error: among it every answer that the kernel refuses.</summary>
internal sealed class ErrorLog : ILogger
{
    public ConcurrentQueue<string> Errors { get; } = [];

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) Errors.Enqueue(formatter(state, exception));
    }
}
