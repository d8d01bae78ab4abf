using System.CommandLine;
using System.Text.Json;
using ClaudeFs.Cli.Hosting;
using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Silo.Check;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace ClaudeFs.Cli.Commands;

/// <summary>
/// `cfs fsck`: checks an unmounted data directory and names every broken invariant. Exit code 1 when there is one.
/// </summary>
internal static class FsckCommand
{
    public static Command Build()
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var repair = new Option<bool>("--repair") { Description = "Put right what is provable; say what is not." };
        var command = new Command("fsck", "Check an unmounted data directory: log, rows, segments.")
        {
            data, json, repair,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            CommonOptions.DataDirectory(parsed.GetValue(data)), parsed.GetValue(repair), parsed.GetValue(json),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        string path, bool repair, bool isJson, CancellationToken cancellationToken)
    {
        var result = await AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(Console.Error) })
            .Progress().AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                var task = context.AddTask("rows and log");
                var progress = new Progress<CheckProgress>(p =>
                {
                    task.Description = $"items, {ByteSize.Format(p.Rate)}/s";
                    task.MaxValue = Math.Max(1, p.ItemsTotal);
                    task.Value = p.Items;
                });
                return DataDirectoryCheck.RunAsync(
                    path, repair,
                    Loggers.CreateLoops(NullLoggerFactory.Instance), new SystemIdSource(), TimeProvider.System,
                    progress, cancellationToken);
            });
        if (isJson) Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
        else Show(path, result);
        return (int)(result.BrokenCount == 0 ? ExitCode.Success : ExitCode.ProblemsFound);
    }

    private static void Show(string path, CheckResult result)
    {
        foreach (var finding in result.Findings)
            Console.WriteLine($"{finding.Severity}: {finding.Where}: {finding.What}. {finding.Advice}");
        var verdict = result.BrokenCount == 0 ? "clean" : $"{result.BrokenCount} broken invariants";
        if (result.LostCount > 0) verdict += $", {result.LostCount} files with lost content";
        Console.WriteLine($"{path}: {verdict}; {result.Inodes:N0} inodes, {result.Entries:N0} entries, "
            + $"{result.Items:N0} items ({ByteSize.Format(result.Bytes)}) verified");
    }
}
