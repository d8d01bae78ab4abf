using System.Globalization;
using ClaudeFs.Simulation.Tests.Machines;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// One seed by hand, and in a process of its own: <c>dotnet ClaudeFs.Simulation.Tests.dll SEED [OPERATIONS [CUTS]]</c>,
/// or <c>cuts SEED CUTS [PLANTED-FAULT]</c> for what <see cref="PowerCutTests"/> does with a seed. Prints the trace
/// hash; with CLAUDEFS_TRACE=FILE the trace as text.
/// </summary>
internal static class Program
{
    /// <summary>First argument of a run of cuts, which prints its counts as a second line.</summary>
    public const string CutsArgument = "cuts";

    /// <summary>First argument of runs with faults: <c>SEED COUNT [OPERATIONS [CRASHES [PLANTED]]]</c>.</summary>
    public const string FaultsArgument = "faults";

    public static int Main(string[] arguments)
    {
        if (arguments[0] == FaultsArgument) return RunFaults(arguments);
        using var log = OpenTrace();
        var plan = Plan(arguments) with { Log = log };
        var started = TimeProvider.System.GetTimestamp();
        var result = SimulationRun.Execute(plan);
        Console.WriteLine($"{result.TraceHash:x16}");
        if (arguments[0] == CutsArgument) Console.WriteLine(result.Crashes.ToLine());
        Console.Error.WriteLine($"{result} in {TimeProvider.System.GetElapsedTime(started)}");
        return 0;
    }

    // One line of sums, after the last seed; the first seed that fails ends it.
    private static int RunFaults(string[] arguments)
    {
        using var log = OpenTrace();
        var (first, count, sum) = (Number(arguments[1]), Number(arguments[2]), FaultResult.None);
        var started = TimeProvider.System.GetTimestamp();
        for (var seed = first; seed < first + count; seed++)
        {
            var plan = new FaultPlan(seed) { Log = log };
            if (arguments.Length > 3) plan = plan with { OperationCount = Number(arguments[3]) };
            if (arguments.Length > 4) plan = plan with { CrashCount = Number(arguments[4]) };
            if (arguments.Length > 5) plan = plan with { Planted = Enum.Parse<PlantedFault>(arguments[5]) };
            sum += FaultRun.Execute(plan);
        }

        var elapsed = TimeProvider.System.GetElapsedTime(started);
        Console.WriteLine(sum.ToLine());
        Console.Error.WriteLine($"{sum} in {elapsed}: {sum.Operations / elapsed.TotalMinutes:F0} operations a minute");
        return 0;
    }

    private static SimulationPlan Plan(string[] arguments)
    {
        if (arguments[0] == CutsArgument)
        {
            var planted = arguments.Length > 3 ? Enum.Parse<PlantedFault>(arguments[3]) : PlantedFault.None;
            return SimulationPlan.OfCuts(Number(arguments[1]), Number(arguments[2]), planted);
        }

        var plan = new SimulationPlan(Number(arguments[0]));
        if (arguments.Length > 1) plan = plan with { OperationCount = Number(arguments[1]) };
        return arguments.Length > 2 ? plan with { CutCount = Number(arguments[2]) } : plan;
    }

    private static StreamWriter? OpenTrace() => Environment.GetEnvironmentVariable("CLAUDEFS_TRACE") is { } path
        ? new StreamWriter(path) { AutoFlush = true }
        : null;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
