using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Messaging;

namespace ClaudeFs.Client.Messaging;

/// <summary>
/// Binds the actor runtime of a client process to its <see cref="RpcClient"/>: whatever address the runtime asks for,
/// that client knows
/// which of its endpoints is alive. The silo's calls to observers come in by the router that was given to the RPC
/// client.
/// </summary>
internal sealed class RpcClientTransport : IMessageTransport
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private RpcClient? _client;
    private MessageHandler? _handler;

    /// <summary>Adds what serves the silo's calls to the router that the RPC client is then made with.</summary>
    public void AddTo(RpcRouter router) => router.Map(Opcode.GrainCall, RpcMessagePeer.Serve(() => _handler));

    /// <summary>Registers it as what the actor runtime sends with.</summary>
    public void AddTo(IServiceCollection services) => services.AddSingleton<IMessageTransport>(this);

    /// <summary>Sets the RPC client; before the runtime starts.</summary>
    public void Use(RpcClient client) => _client = client;

    public async ValueTask<IMessagePeer> ConnectAsync(string endpoint, CancellationToken cancellationToken)
    {
        try
        {
            return RpcMessagePeer.Of(await _client!.ConnectAsync(ConnectTimeout, cancellationToken));
        }
        catch (RpcException fault)
        {
            throw new IOException(fault.Message, fault);
        }
    }

    public void SetHandler(MessageHandler handler) => _handler = handler;
}
