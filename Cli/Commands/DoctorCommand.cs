using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;
using Spectre.Console;

namespace ClaudeFs.Cli.Commands;

/// <summary>One thing that the machine offers or does not.</summary>
/// <param name="Name">What.</param>
/// <param name="State">"ok", "missing" (ClaudeFS works without), or "needed".</param>
/// <param name="Detail">What was found, and what to do.</param>
internal sealed record DoctorFinding(string Name, string State, string Detail);

/// <summary>
/// `cfs doctor`: what this machine offers. Exit code 1 when something is missing without which nothing mounts.
/// </summary>
internal static class DoctorCommand
{
    private const long FreeBytesMin = 1L << 30;

    public static Command Build()
    {
        var data = CommonOptions.Data();
        var json = CommonOptions.Json();
        var command = new Command("doctor", "Show what this machine offers: FUSE, passthrough, io_uring, ports, space.")
        {
            data, json,
        };
        command.SetAction(parsed =>
        {
            var findings = Examine(CommonOptions.DataDirectory(parsed.GetValue(data))).ToList();
            if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(findings, JsonSerializerOptions.Web));
            else Show(findings);
            return (int)(findings.Any(f => f.State == "needed") ? ExitCode.ProblemsFound : ExitCode.Success);
        });
        return command;
    }

    private static IEnumerable<DoctorFinding> Examine(string dataDirectory)
    {
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        yield return new("kernel", "ok", kernel);
        yield return Device();
        yield return Rights();
        foreach (var finding in FuseProbe.Examine()) yield return finding;
        yield return Ring();
        yield return Port("RPC and blocks", 9200);
        yield return Port("admin", 8080);
        yield return Space(dataDirectory);
    }

    private static DoctorFinding Device()
    {
        var descriptor = Posix.Open("/dev/fuse", Posix.ReadWrite, 0);
        if (descriptor >= 0)
        {
            _ = Posix.Close(descriptor);
            return new("/dev/fuse", "ok", "opens");
        }
        return new(
            "/dev/fuse", "needed", $"{(FsError)Posix.LastError}: `modprobe fuse`; in a container: --device /dev/fuse");
    }

    private static DoctorFinding Rights()
    {
        if (Environment.IsPrivilegedProcess) return new("mounting", "ok", "root");
        var hasHelper = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            .Any(p => File.Exists(Path.Combine(p, "fusermount3")));
        return hasHelper
            ? new("mounting", "ok", "by fusermount3")
            : new("mounting", "needed", "neither root nor fusermount3: `apt-get install fuse3`");
    }

    private static DoctorFinding Ring()
    {
        var error = Posix.ProbeRing();
        return error == FsError.None
            ? new("io_uring", "ok", "can be set up (the managed engine is used today)")
            : new(
                "io_uring", "missing",
                $"{error}: see /proc/sys/kernel/io_uring_disabled; the managed engine is used");
    }

    private static DoctorFinding Port(string use, int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return new($"port {port}", "ok", $"free, for {use}");
        }
        catch (SocketException e)
        {
            return new(
                $"port {port}", "missing",
                $"{use}: {e.SocketErrorCode}: a silo runs already, or choose another address");
        }
    }

    private static DoctorFinding Space(string dataDirectory)
    {
        var existing = dataDirectory;
        while (!Directory.Exists(existing)) existing = Path.GetDirectoryName(existing)!;
        var drive = new DriveInfo(existing);
        var free = ByteSize.Format(drive.AvailableFreeSpace);
        return drive.AvailableFreeSpace < FreeBytesMin
            ? new(
                "space", "needed",
                $"{dataDirectory}: {free} free: at least {ByteSize.Format(FreeBytesMin)} is advised")
            : new(
                "space", "ok",
                string.Create(CultureInfo.InvariantCulture, $"{dataDirectory}: {free} free on {drive.DriveFormat}"));
    }

    private static void Show(List<DoctorFinding> findings)
    {
        var table = new Table().Border(TableBorder.None).HideHeaders().AddColumns("", "", "");
        foreach (var finding in findings)
        {
            var colour = finding.State switch { "ok" => "green", "missing" => "yellow", _ => "red" };
            table.AddRow($"[{colour}]{finding.State}[/]", finding.Name.EscapeMarkup(), finding.Detail.EscapeMarkup());
        }
        AnsiConsole.Write(table);
    }
}
