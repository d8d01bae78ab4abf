using System.CommandLine;
using System.Text.Json;
using ClaudeFs.Cli.Bench;
using ClaudeFs.Platform.Interop;
using Spectre.Console;

namespace ClaudeFs.Cli.Commands;

/// <summary>`cfs bench DIR`: how fast a mount is beside the local file system, in the same minute.</summary>
internal static class BenchCommand
{
    private static readonly int[] ThreadCounts = [1, 8];

    public static Command Build()
    {
        var directory = new Argument<string>("DIR") { Description = "A directory in the mount to measure." };
        var baseline = new Option<string>("--baseline")
        {
            Description = "A directory on the file system to compare with.", DefaultValueFactory = _ => "/var/tmp",
        };
        var files = new Option<int>("--files") { Description = "Files a thread.", DefaultValueFactory = _ => 2000 };
        var megabytes = new Option<int>("--megabytes")
        {
            Description = "Size of the large file.", DefaultValueFactory = _ => 256,
        };
        var json = CommonOptions.Json();
        var command = new Command("bench", "Measure a mount beside the local file system.")
        {
            directory, baseline, files, megabytes, json,
        };
        command.SetAction(parsed =>
        {
            var targets = new[]
            {
                ("local", Path.GetFullPath(parsed.GetValue(baseline)!)),
                ("claudefs", Path.GetFullPath(parsed.GetValue(directory)!)),
            };
            var results = Run(targets, parsed.GetValue(files), parsed.GetValue(megabytes), !parsed.GetValue(json));
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(results, JsonSerializerOptions.Web));
            else Show(results);
            return (int)ExitCode.Success;
        });
        return command;
    }

    private static List<PhaseResult> Run(
        (string Name, string Directory)[] targets, int files, int megabytes, bool isShown)
    {
        var results = new List<PhaseResult>();
        var console = isShown
            ? AnsiConsole.Console
            : AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) });
        var bars = console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new RemainingTimeColumn());
        bars.Start(progress =>
        {
            foreach (var (name, directory) in targets)
            {
                var task = progress.AddTask(name, maxValue: 3);
                var workload = new Workload(name, directory, DropKernelCaches);
                foreach (var threads in ThreadCounts)
                {
                    workload.RunMetadata(threads, files / threads);
                    task.Increment(1);
                }
                workload.RunData(megabytes, 500);
                task.Increment(1);
                results.AddRange(workload.Results);
            }
        });
        return results;
    }

    /// <summary>Without root nothing is dropped and "cold" is warm on both sides.</summary>
    public static void DropKernelCaches()
    {
        Posix.SyncAll();
        if (Environment.IsPrivilegedProcess) File.WriteAllText("/proc/sys/vm/drop_caches", "3");
    }

    private static void Show(List<PhaseResult> results)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumns(
                "phase", "threads", "local /s", "claudefs /s", "ratio", "local p50 µs", "claudefs p50 µs",
                "claudefs p99 µs");
        foreach (var pair in results.GroupBy(r => (r.Phase, r.Threads)))
        {
            var local = pair.First(r => r.Target == "local");
            var mount = pair.First(r => r.Target == "claudefs");
            table.AddRow(pair.Key.Phase, $"{pair.Key.Threads}", $"{local.PerSecond:N0}", $"{mount.PerSecond:N0}",
                $"{mount.PerSecond / local.PerSecond:0.00}", $"{local.P50Microseconds:N0}",
                $"{mount.P50Microseconds:N0}", $"{mount.P99Microseconds:N0}");
        }
        AnsiConsole.Write(table);
    }
}
