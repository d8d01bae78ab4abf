using System.Text.Json.Serialization;

namespace ClaudeFs.Bench.Store;

/// <summary>One row of the output. Times in microseconds.</summary>
public sealed record BenchResult(string Name, int Writers, double PerSecond, double P50, double P99,
    double BytesPerOperation);

/// <summary>How the output is written.</summary>
[JsonSerializable(typeof(List<BenchResult>))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
public sealed partial class BenchJson : JsonSerializerContext;
