using System.Text.Json;
using ClaudeFs.Bench.Store;

// Commits of the metadata store beside raw writes with fdatasync on the same file, in the same run.
// Usage: dotnet run -c Release --project bench/Store -- [FOLDER] [SECONDS]
var folder = args.Length > 0 ? args[0] : Path.GetTempPath();
var seconds = args.Length > 1 ? double.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 3;
await using var bench = await StoreBench.OpenAsync(Path.Combine(folder, $"cfs-bench-store-{Environment.ProcessId}"));
var results = new List<BenchResult>();
foreach (var writers in (int[])[1, 1, 1, 8, 64])
{
    // In turns: what neighbours do to the disk changes from second to second.
    results.Add(await bench.RawAsync(seconds));
    results.Add(await bench.CommitsAsync(writers, seconds));
}

results.AddRange(bench.Reads());
Console.WriteLine(JsonSerializer.Serialize(results, BenchJson.Default.ListBenchResult));
