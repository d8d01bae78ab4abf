namespace ClaudeFs.Rpc.Bench;

/// <summary>One measurement.</summary>
/// <param name="Name">What was measured: "raw" is a bare socket echo in the same run.</param>
/// <param name="PayloadBytes">Bytes each way.</param>
/// <param name="Outstanding">Calls in flight at a time.</param>
/// <param name="PerSecond">Round trips a second.</param>
/// <param name="P50Microseconds">Median round trip.</param>
/// <param name="P99Microseconds">99th percentile of the round trip.</param>
/// <param name="CpuMicroseconds">Processor time of both ends a round trip.</param>
/// <param name="AllocatedBytes">Bytes allocated by both ends a round trip.</param>
internal sealed record Result(
    string Name, int PayloadBytes, int Outstanding, double PerSecond, double P50Microseconds, double P99Microseconds,
    double CpuMicroseconds, double AllocatedBytes);
