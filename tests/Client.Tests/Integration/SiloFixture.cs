using System.Collections.Concurrent;
using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using ClaudeFs.TestKit.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Client.Tests.Integration;

/// <summary>
/// Clients on a silo with the real grains, runtime and metadata store, over tables and a device in memory; blocks are
/// fakes.
/// </summary>
internal sealed class SiloFixture : IAsyncDisposable
{
    private const long LogBytes = 16L << 20;

    private readonly ConcurrentBag<Exception> _faults = [];
    private readonly List<FileSystemClient> _clients = [];
    private readonly ThreadLoopFactory _loops;
    private readonly SimulatedBlockDevice _device = new(1);
    private MetadataStore _store = null!;
    private IHost _host = null!;
    private int _seed = 100;

    private SiloFixture() => _loops = new ThreadLoopFactory((_, fault) => _faults.Add(fault));

    public FakeBlocks Blocks { get; } = new();

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<SiloFixture> StartAsync()
    {
        var fixture = new SiloFixture();
        var (rows, coordination) = (new MemoryRowTable(), new MemoryCoordination());
        await fixture._device.GrowAsync(LogBytes);
        var identity = FileSystemIdentity.Create(rows, new SeededIdSource(1));
        var log = new EmbeddedLog(fixture._device, identity.FileSystem, coordination);
        var seams = new MetadataSeams(
            log, rows, coordination, fixture._loops, TimeProvider.System, NullLogger.Instance) { Feed = new NoFeed() };
        fixture._store = await MetadataStore.OpenAsync(seams, identity);
        var host = new HostBuilder();
        host.UseOrleans(silo => silo.AddClaudeFsGrains(fixture._store, new GrainOptions()));
        fixture._host = host.Build();
        await fixture._host.StartAsync();
        return fixture;
    }

    public async ValueTask<FileSystemClient> StartClientAsync(ClientOptions? options = null)
    {
        var dependencies = new ClientDependencies(
            Grains, Blocks, TimeProvider.System, new SeededIdSource(++_seed), _loops, NullLogger.Instance)
        {
            WhenStoreFails = options is { IsEmbedded: true } ? act => _store.Failing += act : null,
        };
        var client = await FileSystemClient.StartAsync(
            dependencies, options ?? ClientFixture.Remote, CancellationToken.None);
        _clients.Add(client);
        return client;
    }

    /// <summary>From here on the log cannot be written: the next commit makes the store read-only.</summary>
    public void BreakLog() => _device.Fault = static (in SimulatedOperation operation) =>
        operation.Kind == SimulatedOperationKind.Write ? FsError.EIO : FsError.None;

    /// <summary>Whether the store is read-only.</summary>
    public bool IsReadOnly => _store.IsReadOnly(out _);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        await _host.StopAsync();
        await _store.DisposeAsync();
        _host.Dispose();
        Assert.Empty(_faults);
    }

    /// <summary>Counts are the block store's matter, and blocks are fakes here.</summary>
    private sealed class NoFeed : IReferenceFeed
    {
        public ulong DurableCursor { get; private set; }

        public void Apply(ulong cursor, Stamp stamp, ReadOnlySpan<ReferenceDelta> deltas) => DurableCursor = cursor;

        public ValueTask FlushAsync(CancellationToken cancellationToken = default) => default;
    }
}
