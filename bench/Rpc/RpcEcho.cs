using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.DataPlane.Transports.Tcp;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Rpc.Bench;

/// <summary>The same round trip as a call, all lanes over one connection.</summary>
internal sealed class RpcEcho : IAsyncDisposable
{
    private readonly RpcServer _server;
    private readonly RpcClient _client;
    private readonly RpcConnection _connection;
    private readonly byte[] _payload;

    private RpcEcho(RpcServer server, RpcClient client, RpcConnection connection, int bytes)
    {
        _server = server;
        _client = client;
        _connection = connection;
        _payload = new byte[bytes];
    }

    public static async Task<RpcEcho> StartAsync(int bytes, bool isInline)
    {
        var transport = new TcpTransport();
        var options = new RpcOptions { InlineContinuations = isInline };
        var router = new RpcRouter().Map(Opcode.GrainCall, request => new(RpcResponse.Of(request.DetachPayload())));
        var server = await RpcServer.StartAsync(
            transport, new Endpoint("127.0.0.1", 0), new PeerIdentity(PeerRoles.Silo, "silo"), router, options,
            TimeProvider.System, NullLogger.Instance);
        var client = new RpcClient(
            transport, [server.LocalEndpoint], new PeerIdentity(PeerRoles.Client, "bench"), new RpcRouter(), options,
            TimeProvider.System, new Ids(), NullLogger.Instance);
        return new RpcEcho(server, client, await client.ConnectAsync(TimeSpan.FromSeconds(5)), bytes);
    }

    public async ValueTask RoundTripAsync(int lane)
    {
        using var reply = await _connection.CallAsync(new RpcCall(Opcode.GrainCall, _payload));
        reply.ThrowIfError();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    private sealed class Ids : IIdSource
    {
        public ulong NextId() => 1;

        public void Fill(Span<byte> destination) => destination.Clear();
    }
}
