namespace ClaudeFs.DataPlane.Transports.Memory;

internal sealed class MemoryListener(MemoryNetwork network, Endpoint endpoint, TransportOptions options) : IListener
{
    private readonly Lock _gate = new();
    private readonly Queue<IConnection> _offered = new();
    private TaskCompletionSource<IConnection?>? _waiting;
    private bool _isDisposed;

    public Endpoint LocalEndpoint => endpoint;

    public async ValueTask<IConnection?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        Task<IConnection?> waiting;
        lock (_gate)
        {
            if (_offered.TryDequeue(out var connection)) return connection;
            if (_isDisposed) return null;
            // Continued in line: the offer runs on the loop already.
            _waiting = new TaskCompletionSource<IConnection?>();
            waiting = _waiting.Task;
        }

        return await waiting.WaitAsync(cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        TaskCompletionSource<IConnection?>? waiting;
        lock (_gate)
        {
            _isDisposed = true;
            waiting = _waiting;
            _waiting = null;
        }

        network.Remove(endpoint);
        if (waiting is not null) network.Post(() => waiting.TrySetResult(null));
        return ValueTask.CompletedTask;
    }

    /// <summary>On the loop: somebody connects.</summary>
    public void Offer(IByteStream stream)
    {
        TaskCompletionSource<IConnection?>? waiting;
        StreamConnection connection;
        lock (_gate)
        {
            if (_isDisposed)
            {
                stream.Abort();
                return;
            }

            connection = new StreamConnection(stream, options, network.Time);
            waiting = _waiting;
            _waiting = null;
            if (waiting is null) _offered.Enqueue(connection);
        }

        waiting?.TrySetResult(connection);
    }
}
