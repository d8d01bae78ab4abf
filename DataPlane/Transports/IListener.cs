namespace ClaudeFs.DataPlane.Transports;

/// <summary>Takes connections at one address until it is disposed; connections already taken live on.</summary>
public interface IListener : IAsyncDisposable
{
    /// <summary>Where it listens, with the port that was taken.</summary>
    Endpoint LocalEndpoint { get; }

    /// <summary>
    /// The next connection, owned by the caller; null once the listener is disposed. One accept at a time.
    /// </summary>
    ValueTask<IConnection?> AcceptAsync(CancellationToken cancellationToken = default);
}
