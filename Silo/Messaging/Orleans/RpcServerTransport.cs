using ClaudeFs.DataPlane.Rpc;
using Microsoft.Extensions.DependencyInjection;

namespace ClaudeFs.Silo.Messaging;

/// <summary>
/// On Microsoft's packages grain calls take Orleans' own ports, and the RPC server carries blocks only: nothing to
/// bind. Compiled instead of its namesake (see the project file).
/// </summary>
internal sealed class RpcServerTransport
{
    /// <summary>Serves no calls.</summary>
    public void AddTo(RpcRouter router) => ArgumentNullException.ThrowIfNull(router);

    /// <summary>Registers nothing.</summary>
    public void AddTo(IServiceCollection services) => ArgumentNullException.ThrowIfNull(services);
}
