using System.Globalization;
using ClaudeFs.Simulation.Tests.Machines;

namespace ClaudeFs.Simulation.Tests;

/// <summary>What a run with faults does.</summary>
/// <param name="Seed">Where everything is drawn from.</param>
/// <param name="OperationCount">Operations of all clients together.</param>
internal sealed record FaultPlan(int Seed, int OperationCount = 4000)
{
    /// <summary>Cuts, kills, deaths of clients and faults of the disk, together.</summary>
    public int CrashCount { get; init; } = 8;

    /// <summary>How grain calls go astray.</summary>
    public MessageFaultRates Messages { get; init; } = new(400, 100, 100);

    /// <summary>One of so many deliveries is the last of its connection; 0: none.</summary>
    public int BreakOneIn { get; init; } = 800;

    /// <summary>A mistake that the run must find.</summary>
    public PlantedFault Planted { get; init; }

    /// <summary>Takes the trace as text.</summary>
    public TextWriter? Log { get; init; }
}

/// <summary>What came of it: operations, and how often what was drawn.</summary>
internal sealed record FaultResult(
    ulong TraceHash, int Operations, int Unanswered, int Cuts, int Kills, int Deaths, int DiskFaults, int ReadOnly,
    int NetworkFaults, int Undecided)
{
    public static FaultResult None { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    public static FaultResult operator +(FaultResult left, FaultResult right) => new(
        right.TraceHash, left.Operations + right.Operations, left.Unanswered + right.Unanswered,
        left.Cuts + right.Cuts, left.Kills + right.Kills, left.Deaths + right.Deaths,
        left.DiskFaults + right.DiskFaults, left.ReadOnly + right.ReadOnly, left.NetworkFaults + right.NetworkFaults,
        left.Undecided + right.Undecided);

    /// <summary>For another process; see <see cref="Parse"/>.</summary>
    public string ToLine() => string.Create(CultureInfo.InvariantCulture,
        $"{TraceHash} {Operations} {Unanswered} {Cuts} {Kills} {Deaths} {DiskFaults} {ReadOnly} {NetworkFaults} "
        + $"{Undecided}");

    /// <summary>Reads what <see cref="ToLine"/> wrote.</summary>
    public static FaultResult Parse(string line)
    {
        var words = line.Split(' ');
        int At(int index) => int.Parse(words[index], CultureInfo.InvariantCulture);
        return new(ulong.Parse(words[0], CultureInfo.InvariantCulture), At(1), At(2), At(3), At(4), At(5), At(6), At(7),
            At(8), At(9));
    }
}
