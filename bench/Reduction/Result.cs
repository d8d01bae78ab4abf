namespace ClaudeFs.Reduction.Bench;

/// <summary>One kernel on one size.</summary>
internal sealed record Result(string Kernel, string Tier, int Bytes, double GigabytesPerSecond);
