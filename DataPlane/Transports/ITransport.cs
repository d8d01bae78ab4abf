namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// A way of moving frames between processes, found by name in a <see cref="TransportRegistry"/>. Thread-safe.
/// </summary>
public interface ITransport
{
    /// <summary>Lower-case name: "tcp", "memory".</summary>
    string Name { get; }

    /// <summary>
    /// Connects within the dial time-out; the caller owns the connection. Errors, as RpcException: PeerUnavailable.
    /// </summary>
    ValueTask<IConnection> ConnectAsync(Endpoint endpoint, CancellationToken cancellationToken = default);

    /// <summary>
    /// Starts to take connections; port 0 takes a free one. The caller owns the listener. Errors, as RpcException:
    /// PeerUnavailable (address in use or not ours).
    /// </summary>
    ValueTask<IListener> ListenAsync(Endpoint endpoint, CancellationToken cancellationToken = default);
}
