using ClaudeFs.DataPlane.Tests.Transports;

namespace ClaudeFs.DataPlane.Tests.Rpc;

public sealed class TcpRpcTests : RpcConformance
{
    protected override Harness Create() => new TcpHarness();
}
