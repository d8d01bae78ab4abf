using ClaudeFs.Client.Messaging;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Rpc.Blocks;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.DataPlane.Transports.Tcp;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

namespace ClaudeFs.Client.Hosting;

/// <summary>
/// A process's connection to silos: grain calls and blocks over one RPC connection, reconnected by itself. Disposal
/// ends it; clients made
/// on it are disposed before.
/// </summary>
public sealed class ClusterConnection : IAsyncDisposable
{
    private const int NameCharactersMax = 100;

    private readonly RpcClient _rpc;
    private readonly IHost _host;

    private ClusterConnection(RpcClient rpc, IHost host)
    {
        _rpc = rpc;
        _host = host;
        Blocks = new RpcBlockClient(rpc);
    }

    /// <summary>Reaches the grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Reaches the block store.</summary>
    public IBlockClient Blocks { get; }

    /// <summary>
    /// Prepares a connection; it is made with the first call. <paramref name="endpoints"/> are HOST:PORT;
    /// <paramref name="name"/> is for people who look at connections.
    /// </summary>
    public static async ValueTask<ClusterConnection> StartAsync(
        IReadOnlyList<string> endpoints, string name, TimeProvider time, IIdSource ids, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var router = new RpcRouter();
        var transport = new RpcClientTransport();
        transport.AddTo(router);
        // Unique among the peers of a server: it finds a client by its name.
        var peer = new PeerIdentity(
            PeerRoles.Client, $"{name[..Math.Min(name.Length, NameCharactersMax)]} {ids.NextId():x16}");
        var rpc = new RpcClient(
            new TcpTransport(), [.. endpoints.Select(Endpoint.Parse)], peer, router, new(), time, ids,
            loggers.CreateLogger("ClaudeFs.DataPlane.Rpc"));
        transport.Use(rpc);

        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        builder.Services.AddSingleton(time);
        transport.AddTo(builder.Services);
        builder.UseOrleansClient(static client => client.UseLocalhostClustering());
        var host = builder.Build();
        await host.StartAsync(cancellationToken);
        return new(rpc, host);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        await _rpc.DisposeAsync();
    }
}
