using System.Net;
using System.Net.Sockets;

namespace ClaudeFs.Rpc.Bench;

/// <summary>
/// The baseline: fixed-size messages echoed over bare asynchronous sockets, a connection for each lane.
/// </summary>
internal sealed class RawEcho : IDisposable
{
    private readonly Socket _listener = new(SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket[] _sockets;
    private readonly byte[][] _buffers;

    public RawEcho(int bytes, int lanes)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(lanes);
        _sockets = new Socket[lanes];
        _buffers = new byte[lanes][];
        for (var lane = 0; lane < lanes; lane++)
        {
            _sockets[lane] = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            _sockets[lane].Connect(_listener.LocalEndPoint!);
            _buffers[lane] = new byte[bytes];
            _ = EchoAsync(_listener.Accept(), new byte[bytes]);
        }
    }

    public async ValueTask RoundTripAsync(int lane)
    {
        await _sockets[lane].SendAsync(_buffers[lane].AsMemory(), SocketFlags.None);
        await FillAsync(_sockets[lane], _buffers[lane]);
    }

    public void Dispose()
    {
        foreach (var socket in _sockets) socket.Dispose();
        _listener.Dispose();
    }

    private static async Task EchoAsync(Socket socket, byte[] buffer)
    {
        socket.NoDelay = true;
        using (socket)
        {
            while (await FillAsync(socket, buffer)) await socket.SendAsync(buffer.AsMemory(), SocketFlags.None);
        }
    }

    private static async ValueTask<bool> FillAsync(Socket socket, Memory<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var count = await socket.ReceiveAsync(buffer, SocketFlags.None);
            if (count == 0) return false;
            buffer = buffer[count..];
        }

        return true;
    }
}
