using ClaudeFs.Client;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Silo;
using ClaudeFs.Silo.Admin;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace ClaudeFs.Cli.Hosting;

/// <summary>`cfs dev`: one silo and one mount in one process.</summary>
internal static class DevHost
{
    /// <summary>Runs until the mount has ended; calls <paramref name="ready"/> when it is there.</summary>
    public static async Task<int> RunAsync(DevOptions options, Action ready, CancellationToken cancellationToken)
    {
        using var shutdown = new Shutdown();
        var status = new StatusLine(options.ShowStatusLine, TimeProvider.System);
        Directory.CreateDirectory(options.DataDirectory);
        using var loggers = Loggers.Create(DataDirectory.LogFile(options.DataDirectory), options.LogLevel);
        var loops = Loggers.CreateLoops(loggers);
        var ids = new SystemIdSource();

        await using var silo = await StartSiloAsync(options, loggers, loops, ids, cancellationToken);
        using var blocks = silo.Blocks.CreateClient();
        var client = await FileSystemClient.StartAsync(
            new(silo.Grains, blocks, TimeProvider.System, ids, loops, loggers.CreateLogger("ClaudeFs.Client")),
            new()
            {
                ClientName = $"{Environment.MachineName}:{Environment.ProcessId} {options.MountPoint}",
                IsEmbedded = true,
                KeepsWrittenChunks = false,
            },
            cancellationToken);
        await using var mount = await MountedFileSystem.MountAsync(
            client, options.MountPoint, options.NonEmpty, $"claudefs:{options.DataDirectory}", loops,
            TimeProvider.System, loggers);
        await using var admin = await AdminServer.StartAsync(
            options.Admin, () => silo.GetStatusAsync(mount.Report()), silo.Grains, silo.Scrubber, loggers,
            cancellationToken);
        var address = DataDirectory.AdminAddress(options.DataDirectory);
        await File.WriteAllTextAsync(address, $"{admin.Address}\n", cancellationToken);

        Console.WriteLine(
            $"mounted {options.MountPoint} ({ByteSize.Format(silo.Device.Geometry.CapacityBytes)} "
            + $"in {options.DataDirectory}); Ctrl-C flushes and unmounts");
        ready();
        await mount.ServeAsync(shutdown, status);
        File.Delete(address);
        status.Say("unmounted; writing back...");
        return (int)ExitCode.Success;
    }

    private static async Task<EmbeddedSilo> StartSiloAsync(
        DevOptions options, ILoggerFactory loggers, ILoopFactory loops, IIdSource ids,
        CancellationToken cancellationToken)
    {
        Task<EmbeddedSilo> OpenAsync(IProgress<long>? progress) => EmbeddedSilo.StartAsync(
            new()
            {
                DataDirectory = options.DataDirectory,
                SizeBytes = options.SizeBytes,
                Listen = options.Listen,
                ScrubEvery = options.ScrubEvery,
                ScrubRate = options.ScrubRate,
                FormatProgress = progress,
            },
            loggers, loops, TimeProvider.System, ids, cancellationToken);

        var isNew = !File.Exists(Path.Combine(options.DataDirectory, "device.cfs"));
        if (!isNew || !options.ShowStatusLine || Console.IsOutputRedirected) return await OpenAsync(null);

        // The first start writes the device: people watch that.
        return await AnsiConsole.Progress().AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(async progress =>
            {
                var task = progress.AddTask("writing the device", maxValue: 1 << 30);
                return await OpenAsync(new Progress<long>(bytes => task.Value = bytes));
            });
    }
}
