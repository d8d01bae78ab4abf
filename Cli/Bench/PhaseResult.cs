namespace ClaudeFs.Cli.Bench;

/// <summary>One phase of a run on one directory.</summary>
/// <param name="Target">Which file system: "local", "null", "claudefs" or the directory's name.</param>
/// <param name="Phase">What was done.</param>
/// <param name="Threads">By how many threads.</param>
/// <param name="Operations">How many operations.</param>
/// <param name="Seconds">Wall time.</param>
/// <param name="PerSecond">Operations a second.</param>
/// <param name="MegabytesPerSecond">10^6 bytes a second; 0 where no data moves.</param>
/// <param name="P50Microseconds">Median latency of an operation.</param>
/// <param name="P99Microseconds">99th percentile.</param>
internal sealed record PhaseResult(
    string Target, string Phase, int Threads, long Operations, double Seconds, double PerSecond,
    double MegabytesPerSecond, double P50Microseconds, double P99Microseconds);
