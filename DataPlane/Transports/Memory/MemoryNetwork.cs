using System.Globalization;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.Platform.Loops;

namespace ClaudeFs.DataPlane.Transports.Memory;

/// <summary>
/// A network inside the process: every arrival, connection and end is work posted to one loop, so that a loop driven
/// from a seed gives the same order each time. Thread-safe.
/// </summary>
public sealed class MemoryNetwork(ILoop loop, TimeProvider time)
{
    private const int FirstFreePort = 49152;

    private readonly Lock _gate = new();
    private readonly Dictionary<Endpoint, MemoryListener> _listeners = [];
    private readonly List<MemoryLink> _links = [];
    private int _nextPort = FirstFreePort;
    private int _connections;

    /// <summary>Delay of links made from now on.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>
    /// Told of all bytes where they arrive, on the loop: for traces, and to change a link's delay or cut it.
    /// </summary>
    public Action<MemoryLink, ReadOnlyMemory<byte>>? Arriving { get; set; }

    /// <summary>Every link made so far, in the order of connecting.</summary>
    public IReadOnlyList<MemoryLink> Links
    {
        get
        {
            lock (_gate) return [.. _links];
        }
    }

    internal TimeProvider Time => time;

    /// <summary>Connects without framing: for tests that send what is no frame. Errors: PeerUnavailable.</summary>
    public IByteStream ConnectStream(Endpoint endpoint)
    {
        MemoryListener? listener;
        MemoryLink link;
        lock (_gate)
        {
            if (!_listeners.TryGetValue(endpoint, out listener))
            {
                throw new RpcException(RpcErrorCode.PeerUnavailable, $"{endpoint}: nobody listens");
            }

            var client = string.Create(CultureInfo.InvariantCulture, $"memory#{++_connections}");
            link = new MemoryLink(loop, time, client, endpoint.ToString(), Delay) { Arriving = Arriving };
            _links.Add(link);
        }

        loop.Post(_ => listener.Offer(link.ServerStream), null);
        return link.ClientStream;
    }

    /// <summary>The process that listens there is no more: its links break, and the address is free.</summary>
    public void Kill(Endpoint endpoint)
    {
        Remove(endpoint);
        var server = endpoint.ToString();
        foreach (var link in Links)
        {
            if (string.Equals(link.Server, server, StringComparison.Ordinal)) link.Break();
        }
    }

    internal MemoryListener Listen(Endpoint endpoint, TransportOptions options)
    {
        lock (_gate)
        {
            if (endpoint.Port == 0) endpoint = endpoint with { Port = _nextPort++ };
            var listener = new MemoryListener(this, endpoint, options);
            if (_listeners.TryAdd(endpoint, listener)) return listener;
        }

        throw new RpcException(RpcErrorCode.PeerUnavailable, $"cannot listen at {endpoint}: address in use");
    }

    internal void Remove(Endpoint endpoint)
    {
        lock (_gate) _listeners.Remove(endpoint);
    }

    internal void Post(Action work) => loop.Post(static state => ((Action)state!)(), work);
}
