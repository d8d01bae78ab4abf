namespace ClaudeFs.Simulation.Tests;

/// <summary>What one run does.</summary>
/// <param name="Seed">Where everything is drawn from.</param>
/// <param name="OperationCount">Operations of all clients together.</param>
/// <param name="CutCount">Power cuts of the silo's machine among them.</param>
internal sealed record SimulationPlan(int Seed, int OperationCount = 3000, int CutCount = 2)
{
    /// <summary>One of so many deliveries is the last of its connection; 0: none.</summary>
    public int BreakOneIn { get; init; } = 400;

    /// <summary>Planted: the device answers flushes without doing them.</summary>
    public bool IgnoresFlushes { get; init; }

    /// <summary>Takes the trace as text.</summary>
    public TextWriter? Log { get; init; }
}

/// <summary>What came of it.</summary>
internal sealed record SimulationResult(
    ulong TraceHash, int Operations, long Steps, TimeSpan SimulatedTime, string Counts);
