using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Silo;
using ClaudeFs.Silo.Scrub;
using Spectre.Console;

namespace ClaudeFs.Cli.Commands;

/// <summary>
/// `cfs scrub DIR`: has the daemon read everything that is stored, while it is in use, and shows how far it is. Exit
/// code 1 when something is not as it was stored.
/// </summary>
internal static class ScrubCommand
{
    private const long RateDefault = 100 << 20;
    private const string SourcePrefix = "claudefs:";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static Command Build()
    {
        var directory = new Argument<string?>("DIR")
        {
            Description = "Mount point of a `cfs dev`; or name its data directory.", Arity = ArgumentArity.ZeroOrOne,
        };
        var data = CommonOptions.Data();
        var rate = CommonOptions.Size("--rate", "Bytes a second to read at most; 0 for no limit.", RateDefault);
        var stop = new Option<bool>("--stop") { Description = "End the scrub that runs." };
        var json = CommonOptions.Json();
        var command = new Command("scrub", "Read and verify everything stored, while it is in use.")
        {
            directory, data, rate, stop, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var path = parsed.GetValue(directory) is { } mountPoint
                ? FindData(Path.GetFullPath(mountPoint)) : CommonOptions.DataDirectory(parsed.GetValue(data));
            return RunAsync(
                path, FindAdmin(path), parsed.GetValue(rate), parsed.GetValue(stop), parsed.GetValue(json),
                cancellationToken);
        });
        return command;
    }

    private static string FindData(string mountPoint)
    {
        var mount = Mounts.Find(mountPoint) ?? throw new CommandFailure(
            ExitCode.Unavailable, $"{mountPoint} is not a mount point of ClaudeFS; name a data directory with --data");
        return mount.Source.StartsWith(SourcePrefix + "/", StringComparison.Ordinal)
            ? mount.Source[SourcePrefix.Length..]
            : throw new CommandFailure(ExitCode.Unavailable,
                $"{mountPoint} is mounted from {mount.Source}: run `cfs scrub` where that serves its data directory");
    }

    // The lock says whether a daemon is there; what the file says without one is old.
    private static IPEndPoint FindAdmin(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new CommandFailure(
                ExitCode.Unavailable, $"{path}: there is no data directory; name one with --data");
        }

        if (LockFile.WaitUntilFree(DataDirectory.LockPath(path), TimeSpan.Zero))
        {
            throw new CommandFailure(ExitCode.Unavailable,
                $"no daemon serves {path}: start one with `cfs dev DIR --data {path}`, "
                + $"or check it as it lies with `cfs fsck --data {path}`");
        }

        var file = DataDirectory.AdminAddress(path);
        return File.Exists(file) && IPEndPoint.TryParse(File.ReadAllText(file).Trim(), out var address)
            ? address
            : throw new CommandFailure(
                ExitCode.Unavailable, $"the process that has {path} answers nowhere yet (no {file}): try again");
    }

    private static async Task<int> RunAsync(
        string path, IPEndPoint admin, long rate, bool stop, bool isJson, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{admin}/"), Timeout = Timeout };
        try
        {
            if (stop)
            {
                using var stopped = await http.DeleteAsync("v1/scrub", cancellationToken);
                stopped.EnsureSuccessStatusCode();
                return (int)ExitCode.Success;
            }

            var result = await ScrubAsync(http, rate, cancellationToken);
            if (isJson) Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
            else Show(path, result);
            return (int)(result.FindingCount == 0 ? ExitCode.Success : ExitCode.ProblemsFound);
        }
        catch (Exception fault) when (fault is HttpRequestException or JsonException)
        {
            throw new CommandFailure(
                ExitCode.Unavailable, $"the daemon of {path} does not answer at {admin}: {fault.Message}", fault);
        }
    }

    private static async Task<ScrubResult> ScrubAsync(HttpClient http, long rate, CancellationToken cancellationToken)
    {
        using var answer = await http.PostAsync($"v1/scrub?rate={rate}", content: null, cancellationToken);
        if (answer.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.Conflict))
        {
            answer.EnsureSuccessStatusCode();
        }

        var report = await ReadAsync(answer, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.Conflict)
        {
            await Console.Error.WriteLineAsync("a scrub is under way already, at its own rate: this is how far it is");
        }

        // One that is over already has left its result.
        var started = report.Progress?.Started ?? report.Last?.Started;
        report = await FollowAsync(http, report, started, cancellationToken);
        return report.Last is { } last && last.Started == started
            ? last
            : throw new CommandFailure(
                ExitCode.Io, $"the scrub did not end: {report.Failure ?? "another one has ended since"}");
    }

    private static Task<ScrubReport> FollowAsync(
        HttpClient http, ScrubReport report, DateTimeOffset? started, CancellationToken cancellationToken) =>
        AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) })
            .Progress().AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask("scrub");
                while (report.Progress is { } progress && progress.Started == started)
                {
                    task.Description = $"{progress.Doing}, {ByteSize.Format(progress.BytesPerSecond)}/s, "
                        + $"{progress.FindingCount} faults";
                    task.MaxValue = Math.Max(1, progress.TotalBytes);
                    task.Value = progress.DoneBytes;
                    await Task.Delay(Interval, TimeProvider.System, cancellationToken);
                    using var answer = await http.GetAsync("v1/scrub", cancellationToken);
                    report = await ReadAsync(answer, cancellationToken);
                }

                return report;
            });

    private static async Task<ScrubReport> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken) =>
        await answer.Content.ReadFromJsonAsync<ScrubReport>(JsonSerializerOptions.Web, cancellationToken)
        ?? throw new JsonException("an empty answer");

    private static void Show(string path, ScrubResult result)
    {
        foreach (var finding in result.Findings)
            Console.WriteLine($"{finding.Severity}: {finding.Where}: {finding.What}. {finding.Advice}");
        var verdict = result.FindingCount == 0 ? "clean" : $"{result.FindingCount} faults";
        Console.WriteLine($"{path}: {verdict}; {ByteSize.Format(result.Bytes)} read in "
            + $"{result.Ended - result.Started:hh\\:mm\\:ss}");
    }
}
