using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Platform.Loops;
using ClaudeFs.TestKit.Devices;
using ClaudeFs.TestKit.Time;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Bench.Grains;

/// <summary>A silo with the grains over a store on a device in memory.</summary>
internal sealed class BenchSilo(IHost host, MetadataStore store) : IAsyncDisposable
{
    private const long LogBytes = 256L << 20;

    public IGrainFactory Grains { get; } = host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<BenchSilo> StartAsync()
    {
        var rows = new MemoryRowTable();
        var device = new SimulatedBlockDevice(1);
        await device.GrowAsync(LogBytes);
        var identity = FileSystemIdentity.Create(rows, new SeededIdSource(1));
        var coordination = new MemoryCoordination();
        var log = new EmbeddedLog(device, identity.FileSystem, coordination);
        var seams = new MetadataSeams(
            log, rows, coordination, new ThreadLoopFactory(), TimeProvider.System, NullLogger.Instance);
        var store = await MetadataStore.OpenAsync(seams, identity);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo => silo.AddClaudeFsGrains(store));
        var host = builder.Build();
        await host.StartAsync();
        return new(host, store);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        await store.DisposeAsync();
        host.Dispose();
    }
}
