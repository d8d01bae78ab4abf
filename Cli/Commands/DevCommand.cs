using System.CommandLine;
using ClaudeFs.Cli.Hosting;

namespace ClaudeFs.Cli.Commands;

/// <summary>`cfs dev DIR`: one silo and one mount in one process.</summary>
internal static class DevCommand
{
    public static Command Build()
    {
        var directory = new Argument<string>("DIR")
        {
            Description = "Mount point; made if missing, refused when not empty.",
        };
        var data = CommonOptions.Data();
        var size = CommonOptions.Size(
            "--size", "Size of the file system; half of the free space. Growing: start with more.", 0);
        var background = CommonOptions.Background();
        var nonEmpty = new Option<bool>("--nonempty") { Description = "Mount over a directory that is not empty." };
        var listen = CommonOptions.Listen();
        var admin = CommonOptions.Admin();
        var ack = CommonOptions.Ack();
        var scrubEvery = CommonOptions.Duration(
            "--scrub-every", "Read and verify everything stored so long after the last time; 0 for never.",
            TimeSpan.FromDays(7));
        var scrubRate = CommonOptions.Size(
            "--scrub-rate", "Bytes a second that a scheduled scrub reads at most; 0 for no limit.", 32 << 20);
        var logLevel = CommonOptions.LogLevel();
        var command = new Command("dev", "Serve and mount a file system from this machine's disk, in one process.")
        {
            directory, data, size, background, nonEmpty, listen, admin, ack, scrubEvery, scrubRate,
            logLevel,
        };
        command.SetAction((parsed, cancellationToken) => BackgroundProcess.RunAsync(
            parsed.GetValue(background),
            ready => DevHost.RunAsync(
                new DevOptions
                {
                    MountPoint = Path.GetFullPath(parsed.GetValue(directory)!),
                    DataDirectory = CommonOptions.DataDirectory(parsed.GetValue(data)),
                    SizeBytes = parsed.GetValue(size),
                    NonEmpty = parsed.GetValue(nonEmpty),
                    Listen = parsed.GetValue(listen)!,
                    Admin = parsed.GetValue(admin)!,
                    Ack = parsed.GetValue(ack),
                    ScrubEvery = parsed.GetValue(scrubEvery),
                    ScrubRate = parsed.GetValue(scrubRate),
                    LogLevel = parsed.GetValue(logLevel),
                    ShowStatusLine = !parsed.GetValue(background),
                },
                ready, cancellationToken)));
        return command;
    }
}
