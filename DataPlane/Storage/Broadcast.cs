namespace ClaudeFs.DataPlane.Storage;

/// <summary>
/// An event that completes once for everybody who waits, in the order in which they came. Each waiter has a task of its
/// own: the runtime sends all but one of the continuations of a shared one to the pool, in no order that a seed
/// decides.
/// </summary>
/// <param name="inline">Complete waiters on the completing thread (simulations), else on the pool.</param>
internal sealed class Broadcast(bool inline)
{
    private readonly Lock _gate = new();
    private List<TaskCompletionSource>? _waiters = [];

    /// <summary>Completes with the event; at once when that has been.</summary>
    public Task WaitAsync()
    {
        lock (_gate)
        {
            if (_waiters is null) return Task.CompletedTask;
            var waiter = new TaskCompletionSource(
                inline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add(waiter);
            return waiter.Task;
        }
    }

    /// <summary>Lets everybody go on, or gives them all <paramref name="fault"/>; later waiters go on at
    /// once.</summary>
    public void Complete(Exception? fault = null)
    {
        List<TaskCompletionSource>? waiters;
        lock (_gate)
        {
            waiters = _waiters;
            _waiters = null;
        }

        foreach (var waiter in waiters ?? [])
        {
            if (fault is null) waiter.SetResult();
            else waiter.SetException(fault);
        }
    }
}
