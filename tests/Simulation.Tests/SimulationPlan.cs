using System.Globalization;
using ClaudeFs.Simulation.Tests.Machines;

namespace ClaudeFs.Simulation.Tests;

/// <summary>What one run does.</summary>
/// <param name="Seed">Where everything is drawn from.</param>
/// <param name="OperationCount">Operations of all clients together.</param>
/// <param name="CutCount">Power cuts of the silo's machine among them.</param>
internal sealed record SimulationPlan(int Seed, int OperationCount = 3000, int CutCount = 2)
{
    private const int OperationsPerCut = 80;

    /// <summary>One of so many deliveries is the last of its connection; 0: none.</summary>
    public int BreakOneIn { get; init; } = 400;

    /// <summary>
    /// Many crashes of all kinds, few operations between them, on a device whose log goes round every few cuts.
    /// </summary>
    public static SimulationPlan OfCuts(int seed, int cutCount, PlantedFault planted = PlantedFault.None) =>
        new(seed, cutCount * OperationsPerCut, cutCount)
        {
            CapacityBytes = 20L << 20,
            KillOneIn = 4,
            CutStartOneIn = 4,
            ChecksDisks = true,
            Planted = planted,
            Reproduce = $"dotnet ClaudeFs.Simulation.Tests.dll cuts {seed} {cutCount} {planted}",
        };

    /// <summary>Size of the silo's device; a sixteenth of it is the log.</summary>
    public long CapacityBytes { get; init; } = 96L << 20;

    /// <summary>One of so many cuts is a kill of the silo's process alone: the machine goes on. 0: none.</summary>
    public int KillOneIn { get; init; }

    /// <summary>One of so many starts after a cut is itself cut. 0: none.</summary>
    public int CutStartOneIn { get; init; }

    /// <summary>The disks are checked as by `cfs fsck` after each power cut, before anything is started.</summary>
    public bool ChecksDisks { get; init; }

    /// <summary>A mistake that the run must find.</summary>
    public PlantedFault Planted { get; init; }

    /// <summary>Does the same again; for messages.</summary>
    public string Reproduce { get; init; } = $"CLAUDEFS_SEED={Seed} dotnet test tests/Simulation.Tests";

    /// <summary>Takes the trace as text.</summary>
    public TextWriter? Log { get; init; }
}

/// <summary>What came of it.</summary>
internal sealed record SimulationResult(
    ulong TraceHash, int Operations, long Steps, TimeSpan SimulatedTime, string Counts)
{
    /// <summary>Power cuts, starts that were cut, and kills.</summary>
    public required CrashCounts Crashes { get; init; }
}

/// <summary>How often the silo went down, by how.</summary>
internal readonly record struct CrashCounts(int Cuts, int StartsCut, int Kills)
{
    public static CrashCounts operator +(CrashCounts left, CrashCounts right) =>
        new(left.Cuts + right.Cuts, left.StartsCut + right.StartsCut, left.Kills + right.Kills);

    /// <summary>For another process; see <see cref="Parse"/>.</summary>
    public string ToLine() => string.Create(CultureInfo.InvariantCulture, $"{Cuts} {StartsCut} {Kills}");

    /// <summary>Reads what <see cref="ToLine"/> wrote.</summary>
    public static CrashCounts Parse(string line)
    {
        var numbers = line.Split(' ').Select(static text => int.Parse(text, CultureInfo.InvariantCulture)).ToArray();
        return new(numbers[0], numbers[1], numbers[2]);
    }
}
