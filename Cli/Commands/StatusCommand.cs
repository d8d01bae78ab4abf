using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClaudeFs.Silo.Admin;
using ClaudeFs.Silo.Scrub;
using Spectre.Console;

namespace ClaudeFs.Cli.Commands;

/// <summary>
/// `cfs status`: what the admin API of a running silo says. Exit code 1 when the file system is read-only.
/// </summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static Command Build()
    {
        var admin = CommonOptions.Admin();
        var json = CommonOptions.Json();
        var command = new Command("status", "Show the state of a running silo.") { admin, json };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(parsed.GetValue(admin)!, parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(IPEndPoint admin, bool isJson, CancellationToken cancellationToken)
    {
        var report = await FetchAsync(admin, cancellationToken);
        if (isJson) Console.WriteLine(JsonSerializer.Serialize(report, JsonSerializerOptions.Web));
        else Show(report);
        return (int)(report.State == "ok" ? ExitCode.Success : ExitCode.ProblemsFound);
    }

    private static async Task<StatusReport> FetchAsync(IPEndPoint admin, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = Timeout };
        try
        {
            return await http.GetFromJsonAsync<StatusReport>(
                $"http://{admin}/v1/status", JsonSerializerOptions.Web, cancellationToken)
                ?? throw new CommandFailure(ExitCode.Unavailable, $"{admin}: an empty answer");
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException or JsonException)
        {
            throw new CommandFailure(ExitCode.Unavailable,
                $"no silo answers at {admin} ({fault.Message}): "
                + "start one with `cfs dev DIR`, or name its address with --admin",
                fault);
        }
    }

    private static void Show(StatusReport report)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "");
        var space = report.Space;
        var percent = space.CapacityBytes == 0 ? 0 : 100.0 * space.UsedBytes / space.CapacityBytes;
        table.AddRow(
            "state",
            report.State == "ok"
                ? "[green]ok[/]"
                : $"[red]{report.State.EscapeMarkup()}[/]: {report.Reason.EscapeMarkup()}");
        table.AddRow(
            "silo",
            $"cfs {report.Version}, process {report.ProcessId}, "
            + $"up {TimeSpan.FromSeconds(report.UptimeSeconds):d\\.hh\\:mm\\:ss}");
        table.AddRow("data", $"{report.DataDirectory} ({ByteSize.Format(space.DeviceBytes)} on disk)".EscapeMarkup());
        table.AddRow(
            "space",
            $"{ByteSize.Format(space.UsedBytes)} of {ByteSize.Format(space.CapacityBytes)} used ({percent:0.0} %)");
        table.AddRow("inodes", $"{report.Metadata.Inodes:N0} in {report.Metadata.Shards:N0} shards");
        table.AddRow(
            "log",
            $"{report.Metadata.Appends:N0} appends, {ByteSize.Format(report.Metadata.LagBytes)} not yet in the tables"
            + $" (of {ByteSize.Format(report.Metadata.LogBytes)})");
        table.AddRow("survives", report.Survives.EscapeMarkup());
        table.AddRow("scrub", Describe(report.Scrub).EscapeMarkup());
        if (report.Mount is { } mount)
        {
            table.AddRow(
                "mount",
                $"{mount.MountPoint}: {mount.Operations:N0} operations, {ByteSize.Format(mount.ReadBytes)} read, "
                    .EscapeMarkup()
                + $"{ByteSize.Format(mount.WrittenBytes)} written, {ByteSize.Format(mount.DirtyBytes)} dirty");
            table.AddRow("cache", $"attributes {mount.AttributeHitRatio:P1}, chunks {mount.ChunkHitRatio:P1}");
        }
        foreach (var session in report.Sessions)
        {
            table.AddRow(
                "session", $"{session.Session} {session.Client}: {session.Status.ToLowerInvariant()}".EscapeMarkup());
        }
        AnsiConsole.Write(table);
    }

    private static string Describe(ScrubReport scrub)
    {
        var parts = new List<string>();
        if (scrub.Progress is { } at)
        {
            var left = at.SecondsLeft is { } seconds ? $", {TimeSpan.FromSeconds(seconds):d\\.hh\\:mm\\:ss} left" : "";
            parts.Add($"{ByteSize.Format(at.DoneBytes)} of {ByteSize.Format(at.TotalBytes)} read "
                + $"({ByteSize.Format(at.BytesPerSecond)}/s{left}), {at.FindingCount} faults so far");
        }
        parts.Add(scrub.Last is { } last
            ? $"last complete one {last.Ended.LocalDateTime:yyyy-MM-dd HH:mm}: {ByteSize.Format(last.Bytes)}, "
                + (last.FindingCount == 0 ? "no faults" : $"{last.FindingCount} faults: see `cfs scrub`, `cfs fsck`")
            : "none was completed yet");
        if (scrub.Failure is { } failure) parts.Add($"the last try did not end: {failure}");
        if (scrub.Due is { } due) parts.Add($"next {due.LocalDateTime:yyyy-MM-dd HH:mm}");
        return string.Join("; ", parts);
    }
}
