using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Rpc.Blocks;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;
using ClaudeFs.Silo.Messaging;
using ClaudeFs.TestKit.Simulation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Scheduling;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>A silo of the real parts in one simulated process, on simulated disks.</summary>
internal sealed class SimulatedSilo
{
    private static readonly TimeSpan EpochPeriod = TimeSpan.FromSeconds(1);

    private readonly SimulatedProcess _process;
    private readonly ILoggerFactory _loggers;
    private GarbageEpochs.Participant _owner = null!;
    private ServiceProvider _services = null!;
    private readonly RpcServerTransport _transport = new();
    private RpcServer _server = null!;
    private bool _isClosing;

    private SimulatedSilo(SimulatedProcess process, ILoggerFactory loggers) =>
        (_process, _loggers) = (process, loggers);

    public SimulatedProcess Process => _process;

    public IGrainFactory Grains => _services.GetRequiredService<IGrainFactory>();

    public BlockStore Blocks { get; private set; } = null!;

    public MetadataStore Metadata { get; private set; } = null!;

    /// <summary>Starts it from what is on the disks; within its process.</summary>
    public static async Task<SimulatedSilo> StartAsync(
        SimulatedProcess process, SimulatedWorld world, SimulatedDisks disks, SimulatedNetwork network)
    {
        var silo = new SimulatedSilo(process, new TraceLoggers(process, world.Trace));
        await silo.OpenAsync(disks);
        await silo.StartRuntimeAsync(network);
        await silo.ListenAsync(network);
        return silo;
    }

    /// <summary>Whether what the session holds may still be committed.</summary>
    public bool Serves(SessionId session) =>
        _services.GetRequiredService<SessionTable>().Find(session) is { IsAlive: true };

    /// <summary>Stops it in good order.</summary>
    public async Task StopAsync()
    {
        _isClosing = true;
        await _server.DisposeAsync();
        foreach (var part in _services.GetServices<IHostedService>().Reverse())
            await part.StopAsync(CancellationToken.None);
        _owner.Dispose();
        await Metadata.DisposeAsync();
        await Blocks.DisposeAsync();
    }

    private async Task OpenAsync(SimulatedDisks disks)
    {
        var device = await StorageDevice.OpenAsync(disks.Device, new StorageDeviceOptions
        {
            CapacityBytes = disks.CapacityBytes,
            FileSystem = disks.FileSystem,
            SegmentBytes = SimulatedDisks.SegmentBytes,
        }, disks.Ids);
        Blocks = await BlockStore.OpenAsync(device, disks.Index, new BlockStoreOptions { InlineContinuations = true },
            _process, _process.Time, _loggers.CreateLogger("blocks"));
        var log = new EmbeddedLog(disks.LogRegion(device), disks.Identity.FileSystem, disks.Coordination);
        var seams = new MetadataSeams(
            log, disks.Rows, disks.Coordination, _process, _process.Time, _loggers.CreateLogger("store"))
        {
            Feed = Blocks,
            Verifier = disks.Verifier(Blocks),
        };
        Metadata = await MetadataStore.OpenAsync(seams, disks.Identity);
        if (Metadata.IsReadOnly(out var reason))
            throw new SimulationFailureException($"The store is read-only: {reason}");
        if (Blocks.Findings.Count > 0)
            throw new SimulationFailureException($"The block store found {Blocks.Findings[0]}");
        _owner = Blocks.Epochs.Register("metadata");
        _ = ConfirmEpochsAsync();
    }

    private async Task StartRuntimeAsync(SimulatedNetwork network)
    {
        var services = new ServiceCollection();
        services.AddSingleton(_loggers);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddSingleton(_process.Time);
        services.AddSingleton<WorkScheduler>(new SimulatedWorkScheduler(_process));
        services.AddSingleton(_process.Context);
        services.AddSingleton(new ProcessIdentity(_process.Name));
        services.AddSingleton<IGarbageEpochs>(Blocks.Epochs);
        services.AddSingleton(network.Disturb(_transport, _process));
        RuntimeServices.AddSilo(services);
        new SiloBuilder(services, new ConfigurationBuilder().Build())
            .AddClaudeFsGrains(Metadata, new GrainOptions { SessionTerm = TimeSpan.FromSeconds(15) });
        _services = services.BuildServiceProvider();
        foreach (var part in _services.GetServices<IHostedService>()) await part.StartAsync(CancellationToken.None);
    }

    private async Task ListenAsync(SimulatedNetwork network)
    {
        var router = new RpcRouter();
        _transport.AddTo(router);
        new BlockServer(Blocks.CreateClient()).AddTo(router);
        _server = await RpcServer.StartAsync(network.Transport, SimulatedNetwork.SiloEndpoint,
            new(PeerRoles.Silo, _process.Name), router, SimulatedNetwork.RpcOptions, _process.Time,
            _loggers.CreateLogger("rpc"));
    }

    // Garbage may go once every commit that could name it is in the tables and fed.
    private async Task ConfirmEpochsAsync()
    {
        while (!_isClosing && !Metadata.IsReadOnly(out _))
        {
            await Task.Delay(EpochPeriod, _process.Time);
            if (_isClosing) return;
            var epoch = Blocks.Epochs.Current;
            if ((await Metadata.SyncAsync()).IsError) return;
            await Metadata.DrainAsync();
            if (!_isClosing) _owner.Confirm(epoch);
        }
    }
}
