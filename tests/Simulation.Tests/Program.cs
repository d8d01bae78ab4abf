using System.Globalization;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// One seed by hand, and in a process of its own: <c>dotnet ClaudeFs.Simulation.Tests.dll SEED [OPERATIONS [CUTS]]</c>.
/// Prints the trace hash; with CLAUDEFS_TRACE=FILE the trace as text.
/// </summary>
internal static class Program
{
    public static int Main(string[] arguments)
    {
        var numbers = arguments.Select(static text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        using var log = Environment.GetEnvironmentVariable("CLAUDEFS_TRACE") is { } path
            ? new StreamWriter(path) { AutoFlush = true }
            : null;
        var plan = new SimulationPlan(numbers[0]) { Log = log };
        if (numbers.Length > 1) plan = plan with { OperationCount = numbers[1] };
        if (numbers.Length > 2) plan = plan with { CutCount = numbers[2] };
        var started = TimeProvider.System.GetTimestamp();
        var result = SimulationRun.Execute(plan);
        Console.WriteLine($"{result.TraceHash:x16}");
        Console.Error.WriteLine($"{result} in {TimeProvider.System.GetElapsedTime(started)}");
        return 0;
    }
}
