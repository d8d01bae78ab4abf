using System.Net;
using System.Net.Sockets;
using ClaudeFs.DataPlane.Protocol;

namespace ClaudeFs.DataPlane.Transports.Tcp;

/// <summary>TCP over managed sockets: no delay, keep-alive, vectored sends.</summary>
public sealed class TcpTransport : ITransport
{
    private readonly TransportOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Throws ArgumentException for options that are not valid.</summary>
    public TcpTransport(TransportOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? TransportOptions.Lan;
        _options.Validate();
        _time = time ?? TimeProvider.System;
    }

    public string Name => "tcp";

    public async ValueTask<IConnection> ConnectAsync(Endpoint endpoint, CancellationToken cancellationToken = default)
    {
        using var timeout = new CancellationTokenSource(_options.DialTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, both.Token);
            return new StreamConnection(new SocketStream(socket, _options), _options, _time);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new RpcException(RpcErrorCode.PeerUnavailable, $"{endpoint}: {exception.Message}", exception);
        }
        catch (OperationCanceledException exception)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new RpcException(
                RpcErrorCode.PeerUnavailable, $"{endpoint}: no connection within {_options.DialTimeout}", exception);
        }
    }

    public async ValueTask<IListener> ListenAsync(Endpoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            var address = await ResolveAsync(endpoint.Host, cancellationToken);
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, endpoint.Port));
            socket.Listen(_options.Backlog);
            return new TcpListener(socket, endpoint.Host, _options, _time);
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            throw new RpcException(
                RpcErrorCode.PeerUnavailable, $"cannot listen at {endpoint}: {exception.Message}", exception);
        }
    }

    private static async ValueTask<IPAddress> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var address)) return address;
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        // "localhost" must mean what most clients try first.
        return Array.Find(addresses, found => found.AddressFamily == AddressFamily.InterNetwork) ?? addresses[0];
    }
}
