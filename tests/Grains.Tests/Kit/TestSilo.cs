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

namespace ClaudeFs.Grains.Tests.Kit;

/// <summary>
/// A silo with the real grains, runtime and store over a simulated device and tables, and a clock that stands still.
/// It can be
/// stopped in good order or cut off, and started again on what is left.
/// </summary>
internal sealed class TestSilo : IAsyncDisposable
{
    private const long LogBytes = 8L << 20;
    private readonly GrainOptions _options;
    private readonly FileSystemIdentity _identity;
    private readonly MemoryRowTable _rows = new();
    private readonly MemoryCoordination _coordination = new();
    private SimulatedBlockDevice _device;
    private IHost? _host;

    private TestSilo(int seed, GrainOptions options)
    {
        _options = options;
        _device = new(seed);
        _identity = FileSystemIdentity.Create(_rows, new SeededIdSource(seed));
    }

    public FakeTimeProvider Time { get; } = new();

    public MetadataStore Store { get; private set; } = null!;

    public IGrainFactory Grains => _host!.Services.GetRequiredService<IGrainFactory>();

    public FileSystemCore Core => _host!.Services.GetRequiredService<FileSystemCore>();

    public CountingFeed Feed { get; } = new();

    public IGarbageEpochs? Garbage { get; init; }

    public static async Task<TestSilo> StartAsync(
        int seed = 1, GrainOptions? options = null, IGarbageEpochs? garbage = null)
    {
        var silo = new TestSilo(seed, options ?? new()) { Garbage = garbage };
        await silo._device.GrowAsync(LogBytes);
        await silo.StartAsync();
        return silo;
    }

    public IDirectoryGrain Directory(InodeId inode) => Grains.GetGrain<IDirectoryGrain>((long)inode.Value);

    public IInodeGrain Inode(InodeId inode) => Grains.GetGrain<IInodeGrain>((long)inode.Value);

    /// <summary>Makes every later write of the log fail: the store becomes read-only with the next commit.</summary>
    public void FailDevice() => _device.Fault = static (in SimulatedOperation operation) =>
        operation.Kind == SimulatedOperationKind.Read ? FsError.None : FsError.EIO;

    /// <summary>Requests of the device wait until <see cref="LetDeviceGo"/>.</summary>
    public void HoldDevice() => _device.IsSlow = true;

    public void LetDeviceGo()
    {
        _device.IsSlow = false;
        while (_device.CompleteOne())
        {
        }
    }

    /// <summary>Stops the silo, in good order or by cutting its power, and starts it again.</summary>
    public async Task RestartAsync(bool isCut = false)
    {
        if (isCut)
        {
            _device = _device.CutPower();
            _rows.Crash();
        }

        await StopAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task StartAsync()
    {
        var log = new EmbeddedLog(_device, _identity.FileSystem, _coordination);
        var seams = new MetadataSeams(log, _rows, _coordination, new ThreadLoopFactory(static (_, _) => { }), Time,
            NullLogger.Instance)
        {
            Feed = Feed,
        };
        Store = await MetadataStore.OpenAsync(seams, _identity);
        var host = new HostBuilder();
        host.UseOrleans(silo =>
        {
            silo.Services.AddSingleton<TimeProvider>(Time);
            if (Garbage is { } garbage) silo.Services.AddSingleton(garbage);
            silo.AddClaudeFsGrains(Store, _options);
        });
        _host = host.Build();
        await _host.StartAsync();
    }

    private async Task StopAsync()
    {
        if (_host is null) return;
        LetDeviceGo();
        await _host.StopAsync(new CancellationToken(canceled: true)).ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await Store.DisposeAsync();
        _host.Dispose();
        _host = null;
    }
}
