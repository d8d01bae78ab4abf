using ClaudeFs.Client.Messaging;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Rpc.Blocks;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives.Frames;
using ClaudeFs.TestKit.Simulation;
using ClaudeFs.TestKit.Time;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Scheduling;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>A process's connection to the silo: the runtime's client and the blocks over one RPC connection.</summary>
internal sealed class RemoteConnection
{
    private readonly ServiceProvider _services;

    private RemoteConnection(ServiceProvider services, RpcClient rpc)
    {
        _services = services;
        Blocks = new RpcBlockClient(rpc);
    }

    public IGrainFactory Grains => _services.GetRequiredService<IGrainFactory>();

    public IBlockClient Blocks { get; }

    /// <summary>Prepares it; within the process.</summary>
    public static async Task<RemoteConnection> StartAsync(
        SimulatedProcess process, SimulatedWorld world, SimulatedNetwork network)
    {
        var loggers = new TraceLoggers(process, world.Trace);
        var router = new RpcRouter();
        var transport = new RpcClientTransport();
        transport.AddTo(router);
        var rpc = new RpcClient(network.Transport, [SimulatedNetwork.SiloEndpoint], new(PeerRoles.Client, process.Name),
            router, SimulatedNetwork.RpcOptions, process.Time, new SeededIdSource(world.Seed),
            loggers.CreateLogger("rpc"));
        transport.Use(rpc);
        var services = new ServiceCollection();
        services.AddSingleton<ILoggerFactory>(loggers);
        services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        services.AddSingleton(process.Time);
        services.AddSingleton<WorkScheduler>(new SimulatedWorkScheduler(process));
        services.AddSingleton(new ProcessIdentity(process.Name));
        services.AddSingleton(network.Disturb(transport, process));
        RuntimeServices.AddClient(services);
        new SiloBuilder(services, new ConfigurationBuilder().Build()).UseStaticClustering(
            new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, SimulatedNetwork.SiloEndpoint.Port));
        var provider = services.BuildServiceProvider();
        foreach (var part in provider.GetServices<IHostedService>()) await part.StartAsync(CancellationToken.None);
        return new RemoteConnection(provider, rpc);
    }
}
