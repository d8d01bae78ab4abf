using System.Text.Json;
using ClaudeFs.Bench.FileSystem;
using ClaudeFs.Cli.Bench;
using ClaudeFs.Cli.Commands;

// bench/FileSystem [--runs N] [--files N] [--megabytes N] [--work DIR]: the local file system, a null FUSE daemon and
// `cfs dev`, one after the other in each run; prints JSON: medians over the runs, ratios to local, and the floors of
// docs/performance.md.
// Small writes with an fsync each: enough for a median of a daemon that runs, not of its first half second.
const int Syncs = 2000;
var options = args.Chunk(2).ToDictionary(pair => pair[0], pair => pair[1]);
int Option(string name, int fallback) => options.TryGetValue(name, out var text) ? int.Parse(text) : fallback;
var runs = Option("--runs", 3);
var files = Option("--files", 4000);
var megabytes = Option("--megabytes", 512);
var root = Directory.CreateDirectory(
    Path.Combine(options.GetValueOrDefault("--work", "/var/tmp"), $"cfs-bench-{Environment.ProcessId}"));
var results = new List<PhaseResult>();
var trees = new List<(string Target, double Seconds)>();
try
{
    var archive = TreeArchive.Make(root.FullName);
    for (var run = 0; run < runs; run++)
    {
        foreach (var target in Targets(root.FullName))
        {
            using (target)
            {
                Console.Error.WriteLine($"run {run + 1} of {runs}: {target.Name}");
                Directory.CreateDirectory(target.Directory);
                target.Start();
                var workload = new Workload(target.Name, target.Directory, () =>
                {
                    BenchCommand.DropKernelCaches();
                    target.Cool();
                });
                foreach (var threads in new[] { 1, 8 }) workload.RunMetadata(threads, files / threads);
                workload.RunData(megabytes, Syncs);
                trees.Add((target.Name, TreeArchive.Extract(archive, target.Directory)));
                results.AddRange(workload.Results);
            }
        }
    }
    Console.WriteLine(JsonSerializer.Serialize(
        Summary.Of(results, trees), new JsonSerializerOptions(JsonSerializerOptions.Web) { WriteIndented = true }));
}
finally
{
    root.Delete(recursive: true);
}

static IEnumerable<Target> Targets(string root)
{
    var programs = AppContext.BaseDirectory;
    yield return new("local", $"{root}/local", null, [], restartsWhenCold: false);
    yield return new(
        "null", $"{root}/null",
        Path.GetFullPath(Path.Combine(programs, "../../../../NullDaemon/bin/Release/net10.0/cfs-null")),
        [$"{root}/null", "60", $"{root}/null.sync"], restartsWhenCold: false);
    // The one that people run, compiled ahead of time: a reference brings the other libraries as they are before that.
    yield return new("claudefs", $"{root}/claudefs",
        Path.GetFullPath(Path.Combine(programs, "../../../../../Cli/bin/Release/net10.0/cfs")),
        [
            "dev", $"{root}/claudefs", "--data", $"{root}/data", "--size", "6G",
            "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
        ],
        restartsWhenCold: true);
}
