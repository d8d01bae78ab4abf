using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Tests.Transports;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.DataPlane.Tests.Rpc;

/// <summary>A server and a client of it on one harness.</summary>
public sealed class RpcPair : IAsyncDisposable
{
    private RpcPair(Harness harness, RpcServer server, RpcClient client)
    {
        Harness = harness;
        Server = server;
        Client = client;
    }

    public Harness Harness { get; }

    public RpcServer Server { get; }

    public RpcClient Client { get; }

    public static PeerIdentity Silo { get; } = new(PeerRoles.Silo, "silo");

    public static PeerIdentity Mount { get; } = new(PeerRoles.Client, "mount-1", new ClaudeFs.Primitives.SessionId(42));

    public static async Task<RpcPair> StartAsync(
        Harness harness, RpcHandler serve, RpcOptions? options = null, RpcHandler? serveBack = null,
        PeerIdentity? client = null, ILogger? log = null)
    {
        var router = new RpcRouter().Map(Opcode.GrainCall, serve);
        var back = new RpcRouter();
        if (serveBack is not null) back.Map(Opcode.GrainCall, serveBack);
        return await StartAsync(harness, router, back, options ?? new RpcOptions(), client ?? Mount, log);
    }

    public static async Task<RpcPair> StartAsync(
        Harness harness, RpcRouter router, RpcRouter back, RpcOptions options, PeerIdentity mount,
        ILogger? log = null)
    {
        var server = await harness.UntilAsync(RpcServer.StartAsync(
            harness.Transport, harness.AnyEndpoint, Silo, router, options, harness.Time, NullLogger.Instance));
        var client = new RpcClient(
            harness.Transport, [server.LocalEndpoint], mount, back, options, harness.Time, new SeededIds(7),
            log ?? NullLogger.Instance);
        return new RpcPair(harness, server, client);
    }

    public Task<RpcConnection> ConnectAsync() => Harness.UntilAsync(Client.ConnectAsync(TimeSpan.FromSeconds(5)));

    public Task<RpcReply> CallAsync(
        ReadOnlyMemory<byte> payload = default, TimeSpan timeout = default,
        CancellationToken cancellationToken = default) =>
        Harness.UntilAsync(
            Client.CallAsync(new RpcCall(Opcode.GrainCall, payload, Timeout: timeout), cancellationToken));

    public async ValueTask DisposeAsync()
    {
        await Harness.UntilAsync(Client.DisposeAsync());
        await Harness.UntilAsync(Server.DisposeAsync());
    }

    public sealed class SeededIds(int seed) : IIdSource
    {
        private readonly Random _random = new(seed);

        public ulong NextId() => (ulong)_random.NextInt64(1, long.MaxValue);

        public void Fill(Span<byte> destination) => _random.NextBytes(destination);
    }
}
