using System.Net;
using System.Net.Sockets;

namespace ClaudeFs.DataPlane.Transports.Tcp;

internal sealed class TcpListener(Socket socket, string host, TransportOptions options, TimeProvider time) : IListener
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(50);

    private volatile bool _isDisposed;

    public Endpoint LocalEndpoint { get; } = new(host, ((IPEndPoint)socket.LocalEndPoint!).Port);

    public async ValueTask<IConnection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (!_isDisposed)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                if (TryWrap(accepted) is { } connection) return connection;
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException) when (!_isDisposed)
            {
                // Out of descriptors, or the peer is gone already: neither ends the listener, and neither may spin it.
                await Task.Delay(RetryAfter, time, cancellationToken);
            }
            catch (SocketException)
            {
                return null;
            }
        }

        return null;
    }

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    // Options cannot be set on a socket whose peer has reset it meanwhile.
    private StreamConnection? TryWrap(Socket accepted)
    {
        try
        {
            return new StreamConnection(new SocketStream(accepted, options), options, time);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            accepted.Dispose();
            return null;
        }
    }
}
