namespace ClaudeFs.DataPlane.Transports.Memory;

/// <summary>Connections within the process over a <see cref="MemoryNetwork"/>, framed like any other.</summary>
public sealed class MemoryTransport : ITransport
{
    private readonly MemoryNetwork _network;
    private readonly TransportOptions _options;

    /// <summary>Throws ArgumentException for options that are not valid.</summary>
    public MemoryTransport(MemoryNetwork network, TransportOptions? options = null)
    {
        _network = network;
        _options = options ?? TransportOptions.Lan;
        _options.Validate();
    }

    public string Name => "memory";

    public ValueTask<IConnection> ConnectAsync(Endpoint endpoint, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var stream = _network.ConnectStream(endpoint);
            return new ValueTask<IConnection>(new StreamConnection(stream, _options, _network.Time));
        }
        catch (Protocol.RpcException exception)
        {
            return ValueTask.FromException<IConnection>(exception);
        }
    }

    public ValueTask<IListener> ListenAsync(Endpoint endpoint, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return new ValueTask<IListener>(_network.Listen(endpoint, _options));
        }
        catch (Protocol.RpcException exception)
        {
            return ValueTask.FromException<IListener>(exception);
        }
    }
}
