using System.Globalization;
using System.Text.Json;
using ClaudeFs.Bench.Grains;

// Metadata operations through local grain calls, over the embedded log on a device in memory: what grains and store
// cost without a disk. Prints one JSON object: operations a second, p50 in microseconds, allocated bytes an operation.
var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 20_000;
await using var silo = await BenchSilo.StartAsync();
var run = new MetadataRun(silo);
await run.WarmUpAsync();
var results = new Dictionary<string, Figures>(StringComparer.Ordinal)
{
    ["createApplied"] = await Measure.RunAsync(count, run.CreateAppliedAsync),
    ["createCommitted64InFlight"] = await Measure.RunManyAsync(count, 64, run.CreateCommittedAsync),
    ["lookupHit"] = await Measure.RunAsync(count * 5, run.LookupAsync),
    ["lookupAbsent"] = await Measure.RunAsync(count * 5, run.LookupAbsentAsync),
    ["getAttributes"] = await Measure.RunAsync(count * 5, run.GetAttributesAsync),
    ["setAttributesApplied"] = await Measure.RunAsync(count, run.SetAttributesAsync),
    ["renameApplied"] = await Measure.RunAsync(count / 2, run.RenameAsync),
    ["unlinkApplied"] = await Measure.RunAsync(count / 2, run.UnlinkAsync),
};
Console.WriteLine(JsonSerializer.Serialize(results, new JsonSerializerOptions { WriteIndented = true }));
