using System.Runtime.CompilerServices;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.Primitives.Frames;
using Orleans.Messaging;

namespace ClaudeFs.Client.Messaging;

/// <summary>
/// The actor runtime's messages over one RPC connection: a grain call is one frame of opcode GrainCall, in either
/// direction. Compiled into
/// the client and into the silo, which see each other's end of the same connection.
/// </summary>
internal sealed class RpcMessagePeer : IMessagePeer
{
    private static readonly ConditionalWeakTable<RpcConnection, RpcMessagePeer> s_peers = [];

    private readonly RpcConnection _connection;

    private RpcMessagePeer(RpcConnection connection) => _connection = connection;

    public string Name => $"{_connection.Peer.Name} at {_connection.RemoteAddress}";

    public CancellationToken Closed => _connection.EndedToken();

    /// <summary>The one peer of a connection: the runtime knows peers by reference.</summary>
    public static RpcMessagePeer Of(RpcConnection connection) => s_peers.GetValue(connection, static c => new(c));

    /// <summary>What serves GrainCall frames of a router by the runtime's handler.</summary>
    public static RpcHandler Serve(Func<MessageHandler?> handler) => async request =>
    {
        if (handler() is not { } serve)
            return RpcResponse.Fail(RpcErrorCode.PeerUnavailable, "the actor runtime is not started");
        return RpcResponse.Of(await serve(Of(request.Connection), request.Payload, request.CancellationToken));
    };

    public async ValueTask<ReadOnlyMemory<byte>> SendAsync(
        ReadOnlyMemory<byte> request, TimeSpan timeLeft, CancellationToken cancellationToken)
    {
        using var reply = await _connection.CallAsync(
            new(Opcode.GrainCall, request, Timeout: timeLeft), cancellationToken);
        if (reply.Error is { } error) throw Translate(error);
        return reply.Payload.ToArray();
    }

    public async ValueTask SendOneWayAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        try
        {
            await _connection.SendOneWayAsync(new(Opcode.GrainCall, request), cancellationToken);
        }
        catch (RpcException fault)
        {
            throw new IOException(fault.Message, fault);
        }
    }

    public ValueTask CloseAsync() => _connection.CloseAsync("the actor runtime closed the connection");

    private static Exception Translate(RpcError error) => error.Code switch
    {
        RpcErrorCode.RequestTimeout or RpcErrorCode.DeadlineExceeded => new TimeoutException(error.ToString()),
        RpcErrorCode.Overloaded or RpcErrorCode.PoolExhausted => new LimitExceededException(error.ToString()),
        _ => new IOException(error.ToString()),
    };
}
