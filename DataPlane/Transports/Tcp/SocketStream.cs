using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace ClaudeFs.DataPlane.Transports.Tcp;

/// <summary>A connected TCP socket as a byte stream; owns the socket.</summary>
public sealed class SocketStream : IByteStream
{
    private readonly Socket _socket;
    private readonly SocketSend _send = new();

    public SocketStream(Socket socket, TransportOptions options)
    {
        _socket = socket;
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        var seconds = (int)options.KeepAlive.TotalSeconds;
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, seconds);
        if (options.SocketBufferBytes > 0)
        {
            socket.SendBufferSize = options.SocketBufferBytes;
            socket.ReceiveBufferSize = options.SocketBufferBytes;
        }

        LocalAddress = socket.LocalEndPoint?.ToString() ?? "unknown";
        RemoteAddress = socket.RemoteEndPoint?.ToString() ?? "unknown";
    }

    public string LocalAddress { get; }

    public string RemoteAddress { get; }

    public bool ContinuesOnLoop => false;

    // Ended by Abort: time-outs are the connection's, which knows where a frame begins.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> destination)
    {
        try
        {
            return await _socket.ReceiveAsync(destination, SocketFlags.None, CancellationToken.None);
        }
        catch (SocketException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    public async ValueTask SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        try
        {
            if (pieces.Count > 1 && _send.TrySet(pieces))
            {
                var bytes = 0;
                for (var i = 0; i < pieces.Count; i++) bytes += pieces[i].Length;
                var sent = await _send.SendAsync(_socket);
                if (sent != bytes) throw new IOException($"the socket took {sent} of {bytes} bytes");
                return;
            }

            for (var i = 0; i < pieces.Count; i++) await SendWholeAsync(pieces[i]);
        }
        catch (SocketException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    public void FinishSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    public void Abort() => _socket.Dispose();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _send.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask SendWholeAsync(ReadOnlyMemory<byte> piece)
    {
        while (piece.Length > 0)
        {
            var sent = await _socket.SendAsync(piece, SocketFlags.None, CancellationToken.None);
            piece = piece[sent..];
        }
    }
}
