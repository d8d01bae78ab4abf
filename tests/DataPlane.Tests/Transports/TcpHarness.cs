using System.Net.Sockets;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.DataPlane.Transports.Tcp;

namespace ClaudeFs.DataPlane.Tests.Transports;

public sealed class TcpHarness : Harness
{
    public override ITransport Transport { get; } = new TcpTransport();

    public override TimeProvider Time => TimeProvider.System;

    public override Endpoint AnyEndpoint => new("127.0.0.1", 0);

    public override Task<T> UntilAsync<T>(Task<T> task) => task.WaitAsync(Patience);

    public override async Task<IByteStream> ConnectRawAsync(Endpoint endpoint)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endpoint.Host, endpoint.Port);
        return new SocketStream(socket, TransportOptions.Lan);
    }
}
