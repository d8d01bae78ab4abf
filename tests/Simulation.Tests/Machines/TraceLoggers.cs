using ClaudeFs.TestKit.Simulation;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>Log lines become part of the trace.</summary>
internal sealed class TraceLoggers(SimulatedProcess process, SimulationTrace trace) : ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("There is only the trace");

    public ILogger CreateLogger(string categoryName) => new TraceLogger(process, trace);

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class TraceLogger(SimulatedProcess process, SimulationTrace trace) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            trace.Add($"{process.Name} log {logLevel}", formatter(state, exception));
            if (exception is not null) trace.Log?.WriteLine(exception);
        }
    }
}
