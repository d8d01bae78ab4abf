using ClaudeFs.Client;
using ClaudeFs.Platform.Interop;
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
        var lost = await ServeAsync(silo, options, ready, status, shutdown, loggers, loops, ids, cancellationToken);
        await silo.DisposeAsync();
        return Conclude(silo.Failure, lost, DataDirectory.LogFile(options.DataDirectory));
    }

    // Until the mount has ended and everything of it is closed; returns the bytes that could not be stored at the end.
    private static async Task<long> ServeAsync(
        EmbeddedSilo silo, DevOptions options, Action ready, StatusLine status, Shutdown shutdown,
        ILoggerFactory loggers, ILoopFactory loops, IIdSource ids, CancellationToken cancellationToken)
    {
        using var blocks = silo.Blocks.CreateClient();
        var client = await FileSystemClient.StartAsync(
            new(silo.Grains, blocks, TimeProvider.System, ids, loops, loggers.CreateLogger("ClaudeFs.Client"))
            {
                WhenStoreFails = act => silo.Metadata.Failing += act,
            },
            new()
            {
                ClientName = $"{Environment.MachineName}:{Environment.ProcessId} {options.MountPoint}",
                IsEmbedded = true,
                Ack = options.Ack,
                KeepsWrittenChunks = false,
                PopulatesWriteBuffer = true,
            },
            cancellationToken);
        await using var mount = await MountedFileSystem.MountAsync(
            client, options.MountPoint, options.NonEmpty, $"claudefs:{options.DataDirectory}", loops,
            TimeProvider.System, loggers);
        await using var admin = await AdminServer.StartAsync(
            options.Admin, () => silo.GetStatusAsync(mount.Report()), silo.Grains, silo.Scrubber, loggers,
            cancellationToken);
        var address = DataDirectory.AdminAddress(options.DataDirectory);
        await PublishAsync(address, $"{admin.Address}", loggers, cancellationToken);

        Console.WriteLine(
            $"mounted {options.MountPoint} ({ByteSize.Format(silo.Device.Geometry.CapacityBytes)} "
            + $"in {options.DataDirectory}); Ctrl-C flushes and unmounts");
        ready();
        await mount.ServeAsync(shutdown, status, () => Describe(silo.Health));
        Forget(address, loggers);
        status.Say("unmounted; writing back...");
        return await mount.CloseAsync();
    }

    // On a full disk people find it by --admin; the mount is more than that.
    private static async Task PublishAsync(
        string file, string address, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        try
        {
            await File.WriteAllTextAsync(file, $"{address}\n", cancellationToken);
        }
        catch (IOException fault)
        {
            loggers.CreateLogger("ClaudeFs.Cli").AddressNotWritten(fault, file, address);
        }
    }

    // On a disk that fails it stays, and is wrong: the next start replaces it.
    private static void Forget(string address, ILoggerFactory loggers)
    {
        try
        {
            File.Delete(address);
        }
        catch (IOException fault)
        {
            loggers.CreateLogger("ClaudeFs.Cli").AddressStays(fault, address);
        }
    }

    private static string? Describe(SiloHealth health) =>
        health.Reason is { } reason ? $"{health.State}: {reason}" : null;

    // The last line says what the end has cost.
    private static int Conclude(string? failure, long lost, string log)
    {
        if (failure is not null)
        {
            throw new CommandFailure(ExitCode.Io,
                $"the file system went read-only: {failure}. Everything that fsync answered for is kept; what was "
                + $"changed in the last moment before, and {lost} written bytes at the end, may be lost (see {log}). "
                + "Mend the disk and start again");
        }

        return lost == 0
            ? (int)ExitCode.Success
            : throw new CommandFailure(ExitCode.Io, $"{lost} written bytes could not be stored at the end: see {log}");
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
                RootUid = Libc.EffectiveUser(),
                RootGid = Libc.EffectiveGroup(),
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
