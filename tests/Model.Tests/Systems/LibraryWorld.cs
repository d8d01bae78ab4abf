using System.Collections.Concurrent;
using ClaudeFs.Client;
using ClaudeFs.Client.Hosting;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Silo;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Model.Tests.Systems;

/// <summary>
/// An embedded silo on a data directory with two clients of the library, as `cfs dev` and `cfs mount` are made of: one
/// calls grains and block store directly, one over the network.
/// </summary>
internal sealed class LibraryWorld : IAsyncDisposable
{
    private const long SizeBytes = 2L << 30;

    private readonly string _directory = Directory.CreateTempSubdirectory("claudefs-model-").FullName;
    private readonly ConcurrentQueue<Exception> _faults = [];
    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly List<FileSystemClient> _clients = [];
    private int _runs;

    private LibraryWorld()
    {
    }

    public static async Task<LibraryWorld> StartAsync()
    {
        var world = new LibraryWorld();
        try
        {
            await world.StartPartsAsync();
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>The systems of one run: the library and a directory of the machine.</summary>
    public async Task<ITestedSystem[]> BeginAsync()
    {
        var run = Interlocked.Increment(ref _runs);
        var root = Path.Combine(_directory, $"local-{run}");
        var library = await LibrarySystem.StartAsync($"run-{run}", [.. _clients]);
        return [library, new CallSystem(SystemKind.Local, root, root)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        while (_parts.TryPop(out var part)) await part.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
        Assert.Empty(_faults);
    }

    private async Task StartPartsAsync()
    {
        var loops = new ThreadLoopFactory((_, fault) => _faults.Enqueue(fault));
        var (time, ids, loggers) = (TimeProvider.System, new SystemIdSource(), NullLoggerFactory.Instance);
        var silo = await EmbeddedSilo.StartAsync(
            new()
            {
                DataDirectory = Path.Combine(_directory, "data"),
                SizeBytes = SizeBytes,
                Listen = new(System.Net.IPAddress.Loopback, Daemon.FreePort()),
            },
            loggers, loops, time, ids);
        _parts.Push(silo);
        var connection = await ClusterConnection.StartAsync(
            [$"{silo.Listening}"], "model", time, ids, loggers, CancellationToken.None);
        _parts.Push(connection);
        var logger = loggers.CreateLogger("client");
        _clients.Add(await FileSystemClient.StartAsync(
            new(silo.Grains, silo.Blocks.CreateClient(), time, ids, loops, logger),
            new() { IsEmbedded = true, KeepsWrittenChunks = false }, CancellationToken.None));
        _clients.Add(await FileSystemClient.StartAsync(
            new(connection.Grains, connection.Blocks, time, ids, loops, logger), new(), CancellationToken.None));
    }
}
