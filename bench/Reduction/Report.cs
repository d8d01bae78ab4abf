namespace ClaudeFs.Reduction.Bench;

/// <summary>
/// What a run prints. The baseline, b3sum with one thread in the same run, is null where it is missing.
/// </summary>
internal sealed record Report(string Benchmark, string Unit, IReadOnlyList<Result> Results, double? BaselineB3Sum);
