using ClaudeFs.Client.Messaging;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Messaging;

namespace ClaudeFs.Silo.Messaging;

/// <summary>
/// Binds the actor runtime of a silo to its RPC server: calls come in as GrainCall frames, observers are called back
/// over the connection that their client made. One silo connects to nobody.
/// </summary>
internal sealed class RpcServerTransport : IMessageTransport
{
    private MessageHandler? _handler;

    /// <summary>Adds what serves clients' calls to the server's router.</summary>
    public void AddTo(RpcRouter router) => router.Map(Opcode.GrainCall, RpcMessagePeer.Serve(() => _handler));

    /// <summary>Registers it as what the actor runtime sends with.</summary>
    public void AddTo(IServiceCollection services) => services.AddSingleton<IMessageTransport>(this);

    public ValueTask<IMessagePeer> ConnectAsync(string endpoint, CancellationToken cancellationToken) =>
        ValueTask.FromException<IMessagePeer>(new IOException($"{endpoint}: a silo of one has no other to connect to"));

    public void SetHandler(MessageHandler handler) => _handler = handler;
}
