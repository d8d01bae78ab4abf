using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Catalogs;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Scheduling;
using OrleansCodeGen.Support;

namespace Orleans.Messaging;

/// <summary>Sends calls to other processes and answers theirs.</summary>
/// <remarks>
/// A client calls its gateways, one after the other when a connection breaks. A silo calls the observers of a client
/// over
/// the connection by which the client last called. Lock order: the connect gate alone, never while a call is sent.
/// </remarks>
internal sealed class RemoteCalls : IAsyncDisposable
{
    private readonly ActorSystem _system;
    private readonly IMessageTransport? _transport;
    private readonly ConcurrentDictionary<string, IMessagePeer> _peers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task<IMessagePeer>> _connections = new(StringComparer.Ordinal);
    private readonly string[] _gateways;
    private int _gateway;

    internal RemoteCalls(ActorSystem system, IMessageTransport? transport)
    {
        _system = system;
        _transport = transport;
        ProcessName = system.Services.GetService<ProcessIdentity>()?.Name ?? ProcessIdentity.Fresh(system.Role).Name;
        _gateways = [.. system.Services.GetService<IOptions<GatewayOptions>>()?.Value.Endpoints ?? []];
        transport?.SetHandler(new RemoteReceiver(system, this).HandleAsync);
    }

    /// <summary>By which others find this process's observers.</summary>
    internal string ProcessName { get; }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            if (connection.IsCompletedSuccessfully)
            {
                await (await connection).CloseAsync();
            }
        }
    }

    internal bool IsLocal(GrainId observer)
        => string.Equals(ClientIds.ProcessOf(observer), ProcessName, StringComparison.Ordinal);

    internal bool CanReach(GrainId target)
        => _transport is not null && (_system.Role == SystemRole.Client || ClientIds.IsObserver(target));

    /// <summary>Remembers by which connection a process is reached.</summary>
    internal void Learn(string process, IMessagePeer peer)
    {
        if (process.Length == 0 || (_peers.TryGetValue(process, out var known) && ReferenceEquals(known, peer)))
        {
            return;
        }

        if (_peers.Count >= RuntimeLimits.PeersMax) throw new WireException("too many processes call from here");
        _peers[process] = peer;
        peer.Closed.UnsafeRegister(
            static state =>
            {
                var (peers, process, peer) = ((ConcurrentDictionary<string, IMessagePeer>, string, IMessagePeer))state!;
                peers.TryRemove(new KeyValuePair<string, IMessagePeer>(process, peer));
            },
            (_peers, process, peer));
    }

    internal ValueTask<T> SendAsync<T>(SiloAddress silo, GrainId target, GrainRequest<T> request)
        => SendAsync(target, request, silo.Endpoint.ToString());

    internal ValueTask<T> SendAsync<T>(GrainId target, GrainRequest<T> request) => SendAsync(target, request, null);

    private async ValueTask<T> SendAsync<T>(GrainId target, GrainRequest<T> request, string? endpoint)
    {
        var answer = request.Begin();
        using var writer = new WireWriter();
        try
        {
            var peer = await PeerForAsync(target, endpoint, request.Cancellation);
            var timeLeft = _system.FromTimestamp(request.Context.Deadline - _system.Now);
            if (timeLeft <= TimeSpan.Zero)
            {
                throw Refusals.Expired(target, request.Method);
            }

            GrainMessage.Write(writer, request, target, ProcessName, timeLeft);
            if (request.Method.IsOneWay)
            {
                await peer.SendOneWayAsync(writer.Written, request.Cancellation);
                request.AnswerRead();
                return await answer;
            }

            var response = await peer.SendAsync(writer.Written, timeLeft, request.Cancellation);
            ReadAnswer(response.Span, request);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            request.Refuse(new SiloUnavailableException(
                $"The connection for {target} broke; whether the call ran is unknown", e));
        }
        catch (Exception e)
        {
            request.Refuse(e);
        }

        return await answer;
    }

    private void ReadAnswer(ReadOnlySpan<byte> bytes, GrainRequest request)
    {
        var reader = new WireReader(bytes, _system);
        var version = reader.ReadByte();
        if (version != GrainMessage.Version)
        {
            throw new WireException($"an answer of version {version}; this process speaks {GrainMessage.Version}");
        }

        var isFailure = reader.ReadByte() != 0;
        reader.EnterGroup(WireType.Group);
        if (isFailure)
        {
            request.Refuse(ReadFailure(ref reader));
        }
        else
        {
            request.ReadResult(ref reader);
            request.AnswerRead();
        }
    }

    private static Exception ReadFailure(ref WireReader reader)
    {
        Exception? failure = null;
        while (reader.TryReadTag(out var id, out var type))
        {
            if (id == 1)
            {
                failure = Codecs.Read<Exception>(ref reader, type);
            }
            else
            {
                reader.Skip(type);
            }
        }

        return failure ?? new OrleansException("The call failed; the answer does not say why");
    }

    private async ValueTask<IMessagePeer> PeerForAsync(GrainId target, string? endpoint, CancellationToken cancellation)
    {
        if (ClientIds.IsObserver(target))
        {
            var process = ClientIds.ProcessOf(target);
            if (_peers.TryGetValue(process, out var peer) && !peer.Closed.IsCancellationRequested)
            {
                return peer;
            }

            if (_system.Role == SystemRole.Silo)
            {
                throw new ClientNotAvailableException($"The client {process} is not connected");
            }
        }

        if (_transport is null)
        {
            throw new SiloUnavailableException("No transport is configured: add an IMessageTransport");
        }

        if (endpoint is null && _gateways.Length == 0)
        {
            throw new SiloUnavailableException(
                "No gateway is configured: UseLocalhostClustering or UseStaticClustering");
        }

        return await ConnectAsync(endpoint ?? _gateways[(uint)Volatile.Read(ref _gateway) % _gateways.Length],
            cancellation);
    }

    private async ValueTask<IMessagePeer> ConnectAsync(string endpoint, CancellationToken cancellation)
    {
        var connecting = _connections.GetOrAdd(
            endpoint, static (e, t) => t._transport!.ConnectAsync(e, CancellationToken.None).AsTask(), this);
        try
        {
            var peer = await connecting.WaitAsync(cancellation);
            if (!peer.Closed.IsCancellationRequested)
            {
                return peer;
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Forget(endpoint, connecting);
            throw new SiloUnavailableException($"Could not connect to {endpoint}: {e.Message}", e);
        }

        Forget(endpoint, connecting);
        var fresh = _connections.GetOrAdd(
            endpoint, static (e, t) => t._transport!.ConnectAsync(e, CancellationToken.None).AsTask(), this);
        try
        {
            return await fresh.WaitAsync(cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Forget(endpoint, fresh);
            throw new SiloUnavailableException($"Could not connect to {endpoint}: {e.Message}", e);
        }
    }

    private void Forget(string endpoint, Task<IMessagePeer> connection)
    {
        if (_connections.TryRemove(new KeyValuePair<string, Task<IMessagePeer>>(endpoint, connection)))
        {
            Interlocked.Increment(ref _gateway);
        }
    }
}
