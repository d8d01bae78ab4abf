using ClaudeFs.Client;
using ClaudeFs.Client.Hosting;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Cli.Hosting;

/// <summary>`cfs mount`: a client in a process of its own, with grains and blocks over one RPC connection.</summary>
internal static class MountHost
{
    /// <summary>Runs until the mount has ended; calls <paramref name="ready"/> when it is there.</summary>
    public static async Task<int> RunAsync(MountOptions options, Action ready, CancellationToken cancellationToken)
    {
        using var shutdown = new Shutdown();
        var status = new StatusLine(options.ShowStatusLine, TimeProvider.System);
        using var loggers = Loggers.Create(options.LogFile, options.LogLevel);
        var loops = Loggers.CreateLoops(loggers);
        var ids = new SystemIdSource();
        var name = $"{Environment.MachineName}:{Environment.ProcessId} {options.MountPoint}";

        await using var cluster = await ClusterConnection.StartAsync(
            options.Endpoints, name, TimeProvider.System, ids, loggers, cancellationToken);
        var client = await StartClientAsync(
            new(
                cluster.Grains, cluster.Blocks, TimeProvider.System, ids, loops,
                loggers.CreateLogger("ClaudeFs.Client")),
            options, name, cancellationToken);
        await using var mount = await MountedFileSystem.MountAsync(
            client, options.MountPoint, options.NonEmpty, $"claudefs:{options.Endpoints[0]}", loops,
            TimeProvider.System, loggers);
        Console.WriteLine(
            $"mounted {options.MountPoint} from {string.Join(',', options.Endpoints)}; Ctrl-C flushes and unmounts");
        ready();
        await mount.ServeAsync(shutdown, status);
        status.Say("unmounted; writing back...");
        var lost = await mount.CloseAsync();
        return lost == 0
            ? (int)ExitCode.Success
            : throw new CommandFailure(ExitCode.Io,
                $"{lost} written bytes could not be stored at the end: {options.LogFile ?? "the log"} names the files");
    }

    private static async Task<FileSystemClient> StartClientAsync(
        ClientDependencies dependencies, MountOptions options, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await FileSystemClient.StartAsync(
                dependencies,
                new()
                {
                    ClientName = name,
                    KeepsWrittenChunks = false,
                    PopulatesWriteBuffer = true,
                    WriteBufferBytes = options.WriteBufferBytes,
                    ReadAheadBytesMax = checked((int)options.ReadAheadBytesMax),
                },
                cancellationToken);
        }
        catch (ArgumentException fault)
        {
            throw new CommandFailure(ExitCode.Usage, fault.Message, fault);
        }
        catch (FsException fault)
        {
            throw new CommandFailure(ExitCode.Unavailable,
                $"no silo answers at {string.Join(',', options.Endpoints)}: {fault.Message}: "
                + "start one with `cfs dev DIR`",
                fault);
        }
    }
}
