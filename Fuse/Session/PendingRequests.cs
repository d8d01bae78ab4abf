using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Requests whose handlers wait for something: found by INTERRUPT, and answered with ETIMEDOUT at their deadline,
/// because a process in a request cannot even be killed. The handler of a request so answered is cancelled and may go
/// on; its memory stays its own until it ends. Lock: <c>_gate</c> guards the table and each request's IsCancelled;
/// nothing of the file system runs under it.
/// </summary>
internal sealed class PendingRequests(FuseSession session)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, FuseRequest> _requests = [];
    private readonly List<CancellationTokenSource> _overdue = [];
    private readonly Queue<ulong> _early = new(); // interrupts that came before their request waited
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDraining;

    internal int Count
    {
        get
        {
            lock (_gate) return _requests.Count;
        }
    }

    internal void Add(FuseRequest request)
    {
        lock (_gate)
        {
            _requests[request.Unique] = request;
            if (!_early.Contains(request.Unique)) return;
            request.IsCancelled = true;
        }

        Cancel(request.CancellationSource);
    }

    internal void Remove(FuseRequest request)
    {
        lock (_gate)
        {
            _requests.Remove(request.Unique);
            if (_isDraining && _requests.Count == 0) _drained.TrySetResult();
        }
    }

    /// <summary>
    /// Cancels a request that waits. One that does not is answered already, or another reader is still with its
    /// handler: it is remembered, and cancelled when it comes to wait. (Answering the interrupt with EAGAIN would have
    /// it sent again, but the kernel finds its request only through the device that read it.)
    /// </summary>
    internal void Interrupt(ulong unique)
    {
        CancellationTokenSource source;
        lock (_gate)
        {
            if (!_requests.TryGetValue(unique, out var request))
            {
                if (_early.Count == Limits.FuseEarlyInterruptsMax) _early.Dequeue();
                _early.Enqueue(unique);
                return;
            }

            if (request.IsCancelled) return;
            request.IsCancelled = true;
            source = request.CancellationSource;
        }

        Cancel(source);
    }

    /// <summary>Answers and cancels what began longer than <paramref name="timeout"/> ago; returns how many. Calls do
    /// not overlap.</summary>
    internal int ExpireOlderThan(TimeSpan timeout)
    {
        var expired = 0;
        lock (_gate)
        {
            foreach (var request in _requests.Values)
            {
                if (session.Time.GetElapsedTime(request.StartedAt) < timeout) continue;
                if (!request.TryAnswerForHandler(FsError.ETIMEDOUT)) continue;
                expired++;
                session.Log.RequestTimedOut(request.Opcode, request.Inode, timeout);
                CollectForCancel(request);
            }
        }

        CancelCollected();
        return expired;
    }

    /// <summary>Cancels everything; completes when all handlers have ended.</summary>
    internal Task DrainAsync()
    {
        lock (_gate)
        {
            _isDraining = true;
            foreach (var request in _requests.Values) CollectForCancel(request);
            if (_requests.Count == 0) _drained.TrySetResult();
        }

        CancelCollected();
        return _drained.Task;
    }

    private void CollectForCancel(FuseRequest request)
    {
        if (request.IsCancelled) return;
        request.IsCancelled = true;
        _overdue.Add(request.CancellationSource);
    }

    private void CancelCollected()
    {
        foreach (var source in _overdue) Cancel(source);
        _overdue.Clear();
    }

    private void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (AggregateException fault)
        {
            session.Log.CancellationFailed(fault);
        }
    }
}
