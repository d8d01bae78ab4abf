using System.CommandLine;
using System.CommandLine.Parsing;
using ClaudeFs.Cli.Hosting;

namespace ClaudeFs.Cli.Commands;

/// <summary>`cfs mount DIR`: a mount in a process of its own, against a running silo.</summary>
internal static class MountCommand
{
    public static Command Build()
    {
        var directory = new Argument<string>("DIR")
        {
            Description = "Mount point; made if missing, refused when not empty.",
        };
        var endpoints = new Option<string>("--endpoints", "--metadata-servers")
        {
            Description = "Silos to connect to: HOST:PORT, separated by commas.",
            DefaultValueFactory = _ => "127.0.0.1:9200",
        };
        endpoints.Validators.Add(CheckEndpoints);
        var background = CommonOptions.Background();
        var nonEmpty = new Option<bool>("--nonempty") { Description = "Mount over a directory that is not empty." };
        var writeBuffer = CommonOptions.Size(
            "--write-buffer", "Bytes of written data kept before they are sent.", 64L << 20);
        var readAhead = CommonOptions.Size("--read-ahead", "Most bytes read ahead of a sequential reader.", 4L << 20);
        var log = new Option<string?>("--log") { Description = "Log file; standard error when not in the background." };
        var logLevel = CommonOptions.LogLevel();
        var command = new Command("mount", "Mount the file system of a running silo.")
        {
            directory, endpoints, background, nonEmpty, writeBuffer, readAhead, log, logLevel,
        };
        command.SetAction((parsed, cancellationToken) => BackgroundProcess.RunAsync(
            parsed.GetValue(background),
            ready => MountHost.RunAsync(
                new MountOptions
                {
                    MountPoint = Path.GetFullPath(parsed.GetValue(directory)!),
                    Endpoints = [.. SplitEndpoints(parsed.GetValue(endpoints)!).Select(e => e.Endpoint!)],
                    NonEmpty = parsed.GetValue(nonEmpty),
                    WriteBufferBytes = parsed.GetValue(writeBuffer),
                    ReadAheadBytesMax = parsed.GetValue(readAhead),
                    LogFile = parsed.GetValue(log),
                    LogLevel = parsed.GetValue(logLevel),
                    ShowStatusLine = !parsed.GetValue(background),
                },
                ready, cancellationToken)));
        return command;
    }

    private static void CheckEndpoints(OptionResult result)
    {
        foreach (var (text, endpoint) in SplitEndpoints(result.GetValueOrDefault<string>()!))
        {
            if (endpoint is null)
                result.AddError($"--endpoints: '{text}' is not HOST:PORT with a port from 1 to 65535");
        }
    }

    private static IEnumerable<(string Text, string? Endpoint)> SplitEndpoints(string list)
    {
        foreach (var text in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = text.LastIndexOf(':');
            var isRight = colon > 0 && ushort.TryParse(text.AsSpan(colon + 1), out var port) && port != 0;
            // 9300 was the metadata port of older deployments; there is one port now.
            yield return (
                text,
                isRight ? text.EndsWith(":9300", StringComparison.Ordinal) ? $"{text[..colon]}:9200" : text : null);
        }
    }
}
