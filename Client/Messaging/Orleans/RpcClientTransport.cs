using ClaudeFs.DataPlane.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace ClaudeFs.Client.Messaging;

/// <summary>
/// On Microsoft's packages grain calls take Orleans' own connections, and the RPC client carries blocks only: nothing
/// to bind. Compiled instead of its namesake (see the project file).
/// </summary>
internal sealed class RpcClientTransport
{
    /// <summary>Serves no calls.</summary>
    public void AddTo(RpcRouter router) => ArgumentNullException.ThrowIfNull(router);

    /// <summary>Registers nothing.</summary>
    public void AddTo(IServiceCollection services) => ArgumentNullException.ThrowIfNull(services);

    /// <summary>Uses no connection.</summary>
    public void Use(RpcClient client) => ArgumentNullException.ThrowIfNull(client);
}
