using Orleans.Messaging;

namespace ClaudeFs.Runtime.Tests;

/// <summary>Transports of one process that find each other by endpoint.</summary>
internal sealed class MemoryNetwork
{
    private readonly Dictionary<string, MemoryTransport> _listeners = new(StringComparer.Ordinal);

    public MemoryTransport Listen(string endpoint) => _listeners[endpoint] = new MemoryTransport(this);

    public MemoryTransport Client() => new(this);

    internal MemoryTransport Find(string endpoint)
        => _listeners.TryGetValue(endpoint, out var found) ? found
            : throw new IOException($"nobody listens at {endpoint}");
}

/// <summary>A transport in memory; each message is copied, as a wire would.</summary>
internal sealed class MemoryTransport(MemoryNetwork network) : IMessageTransport
{
    private MessageHandler? _handler;

    public List<MemoryPeer> Peers { get; } = [];

    public List<byte[]> Received { get; } = [];

    public ValueTask<IMessagePeer> ConnectAsync(string endpoint, CancellationToken cancellationToken)
    {
        var other = network.Find(endpoint);
        var closed = new CancellationTokenSource();
        var here = new MemoryPeer(other, closed);
        var there = new MemoryPeer(this, closed);
        (here.Back, there.Back) = (there, here);
        Peers.Add(here);
        other.Peers.Add(there);
        return new(here);
    }

    public void SetHandler(MessageHandler handler) => _handler = handler;

    internal async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(
        IMessagePeer from, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var copy = bytes.ToArray();
        lock (Received)
        {
            Received.Add(copy);
        }

        await Task.Yield();
        return (await _handler!(from, copy, cancellation)).ToArray();
    }
}

/// <summary>One side of a connection in memory.</summary>
internal sealed class MemoryPeer(MemoryTransport other, CancellationTokenSource closed) : IMessagePeer
{
    public string Name => "memory";

    public CancellationToken Closed => closed.Token;

    internal MemoryPeer Back { get; set; } = null!;

    public async ValueTask<ReadOnlyMemory<byte>> SendAsync(
        ReadOnlyMemory<byte> request, TimeSpan timeLeft, CancellationToken cancellationToken)
    {
        if (closed.IsCancellationRequested)
        {
            throw new IOException("closed");
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, closed.Token);
        try
        {
            return await other.ReceiveAsync(Back, request, linked.Token).AsTask().WaitAsync(linked.Token);
        }
        catch (OperationCanceledException) when (closed.IsCancellationRequested)
        {
            throw new IOException("closed");
        }
    }

    public async ValueTask SendOneWayAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
        => await other.ReceiveAsync(Back, request, closed.Token);

    public async ValueTask CloseAsync() => await closed.CancelAsync();
}
