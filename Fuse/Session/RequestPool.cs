using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Requests for readers. At most <see cref="Limits.FusePendingMax"/> are out at once: a reader that asks for one more
/// waits, and so the kernel's queue waits. Lock: the pool itself; nothing is called under it.
/// </summary>
internal sealed class RequestPool(FuseSession session)
{
    private readonly object _gate = new();
    private readonly Stack<FuseRequest> _idle = new();
    private int _out;
    private bool _isClosed;

    /// <summary>Requests with readers and handlers.</summary>
    internal int Outstanding
    {
        get
        {
            lock (_gate) return _out;
        }
    }

    /// <summary>Null once the pool is closed.</summary>
    internal FuseRequest? Rent()
    {
        lock (_gate)
        {
            while (_out >= Limits.FusePendingMax && !_isClosed) Monitor.Wait(_gate);
            if (_isClosed) return null;
            _out++;
            if (_idle.TryPop(out var request)) return request;
        }

        return new(session);
    }

    internal void Return(FuseRequest request)
    {
        lock (_gate)
        {
            _out--;
            if (!_isClosed && _idle.Count < Limits.FuseIdleBuffersMax)
            {
                _idle.Push(request);
                request = null!;
            }

            Monitor.Pulse(_gate);
        }

        request?.Dispose();
    }

    /// <summary>Wakes readers that wait and frees what is idle; what handlers still hold is freed when it comes
    /// back.</summary>
    internal void Close()
    {
        FuseRequest[] idle;
        lock (_gate)
        {
            _isClosed = true;
            idle = [.. _idle];
            _idle.Clear();
            Monitor.PulseAll(_gate);
        }

        foreach (var request in idle) request.Dispose();
    }
}
