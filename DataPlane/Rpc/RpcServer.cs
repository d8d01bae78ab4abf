using System.Diagnostics.CodeAnalysis;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>
/// Takes connections at one address and serves their calls. Thread-safe. Lock: <c>_gate</c>, held over nothing that
/// waits.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    private readonly IListener _listener;
    private readonly PeerIdentity _self;
    private readonly RpcRouter _router;
    private readonly RpcOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, RpcConnection> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<RpcConnection> _connections = [];
    private readonly HashSet<IConnection> _greeting = [];
    private Task _accepting = Task.CompletedTask;
    private bool _isDisposed;

    private RpcServer(
        IListener listener, PeerIdentity self, RpcRouter router, RpcOptions options, TimeProvider time, ILogger logger)
    {
        _listener = listener;
        _self = self;
        _router = router;
        _options = options;
        _time = time;
        _logger = logger;
    }

    /// <summary>A peer has greeted and is about to be served; in line on the accepting thread.</summary>
    public event Action<RpcConnection>? Connected;

    /// <summary>Where it listens, with the port that was taken.</summary>
    public Endpoint LocalEndpoint => _listener.LocalEndpoint;

    /// <summary>Connections past their greeting.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_gate) return _connections.Count;
        }
    }

    /// <summary>
    /// Listens and serves until it is disposed. Errors, as RpcException: PeerUnavailable (the address);
    /// ArgumentException for options that are not valid.
    /// </summary>
    public static async ValueTask<RpcServer> StartAsync(
        ITransport transport, Endpoint endpoint, PeerIdentity self, RpcRouter router, RpcOptions options,
        TimeProvider time, ILogger logger, CancellationToken cancellationToken = default)
    {
        options.Validate();
        var listener = await transport.ListenAsync(endpoint, cancellationToken);
        var server = new RpcServer(listener, self, router, options, time, logger);
        server._accepting = server.AcceptAllAsync();
        return server;
    }

    /// <summary>
    /// The open connection of the peer with this name, the latest when it has several: to call a client back.
    /// </summary>
    public bool TryFind(string peerName, [NotNullWhen(true)] out RpcConnection? connection)
    {
        lock (_gate) return _byName.TryGetValue(peerName, out connection);
    }

    /// <summary>Stops accepting and ends all connections cleanly.</summary>
    public async ValueTask DisposeAsync()
    {
        RpcConnection[] connections;
        IConnection[] greeting;
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            connections = [.. _connections];
            greeting = [.. _greeting];
        }

        await _listener.DisposeAsync();
        foreach (var connection in greeting) connection.Close(ShuttingDown());
        const string Reason = "the server is shutting down";
        await Task.WhenAll(connections.Select(connection => connection.CloseAsync(Reason).AsTask()));
        await _accepting;
    }

    private static RpcException ShuttingDown() => new(RpcErrorCode.PeerUnavailable, "shutting down");

    private async Task AcceptAllAsync()
    {
        try
        {
            while (await _listener.AcceptAsync() is { } connection)
            {
                if (TryBegin(connection)) _ = GreetAsync(connection);
            }
        }
        catch (Exception exception)
        {
            _logger.AcceptFailed(exception, LocalEndpoint.ToString());
        }
    }

    private bool TryBegin(IConnection connection)
    {
        RpcException reason;
        lock (_gate)
        {
            if (!_isDisposed && _connections.Count + _greeting.Count < Limits.ConnectionsMax)
            {
                _greeting.Add(connection);
                return true;
            }

            reason = _isDisposed
                ? ShuttingDown()
                : new RpcException(RpcErrorCode.Overloaded, $"{Limits.ConnectionsMax} connections are open already");
        }

        _logger.Refused(connection.RemoteAddress, reason.Code, reason.Message);
        connection.Close(reason);
        return false;
    }

    private async Task GreetAsync(IConnection connection)
    {
        try
        {
            var hello = await RpcHandshake.AnswerAsync(connection, _self, _options, _time);
            var peer = new RpcConnection(connection, hello, _router, _options, _time, _logger);
            if (!Add(connection, peer)) return;
            peer.WhenEnded(Remove);
            NotifyConnected(peer);
            peer.Start();
        }
        catch (RpcException exception)
        {
            _logger.Refused(connection.RemoteAddress, exception.Code, exception.Message);
            connection.Close(exception);
        }
        finally
        {
            lock (_gate) _greeting.Remove(connection);
        }
    }

    private void NotifyConnected(RpcConnection peer)
    {
        try
        {
            Connected?.Invoke(peer);
        }
        catch (Exception exception)
        {
            _logger.SubscriberFailed(exception);
        }
    }

    private bool Add(IConnection connection, RpcConnection peer)
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                _connections.Add(peer);
                _byName[peer.Peer.Name] = peer;
                return true;
            }
        }

        connection.Close(ShuttingDown());
        return false;
    }

    private void Remove(RpcConnection peer)
    {
        lock (_gate)
        {
            _connections.Remove(peer);
            if (_byName.TryGetValue(peer.Peer.Name, out var latest) && latest == peer) _byName.Remove(peer.Peer.Name);
        }
    }
}
