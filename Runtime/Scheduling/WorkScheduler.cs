namespace Orleans.Scheduling;

/// <summary>Where queued work of activations runs. Replaced by a single thread with a simulated clock in
/// simulations.</summary>
/// <remarks>Work runs in any order on any thread; one activation's own turns are kept apart by the
/// activation.</remarks>
internal abstract class WorkScheduler
{
    /// <summary>
    /// Whether all must run in this scheduler's order. A task that is awaited without a context goes on upon the thread
    /// pool when it completes inside of some context, a turn say; with this set, the call's own context is captured
    /// instead.
    /// </summary>
    internal virtual bool KeepsOrder => false;

    /// <summary>Queues an action; never runs it before returning.</summary>
    internal abstract void Post(Action<object?> action, object? state);

    /// <summary>Queues the drain of an activation; never runs it before returning.</summary>
    internal abstract void Post(IThreadPoolWorkItem item);
}

/// <summary>The thread pool.</summary>
internal sealed class PoolScheduler : WorkScheduler
{
    internal override void Post(Action<object?> action, object? state)
        => ThreadPool.UnsafeQueueUserWorkItem(action, state, preferLocal: false);

    internal override void Post(IThreadPoolWorkItem item)
        => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: true);
}
