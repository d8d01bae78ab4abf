namespace ClaudeFs.DataPlane.Storage;

/// <summary>
/// Runs an action for many callers, one run at a time: a call completes with a run that began after it was made, and
/// all who call during one run share the next. A flush, a commit of the index.
/// </summary>
/// <param name="action">What is run; what it throws, all callers of that run get.</param>
/// <param name="inline">Complete callers on the runner's thread (simulations), else on the pool.</param>
internal sealed class CoalescedAction(Func<ValueTask> action, bool inline)
{
    private readonly Lock _gate = new();
    private Broadcast? _next;
    private bool _isRunning;

    /// <summary>Completes when a run that began after this call has ended.</summary>
    public Task RunAsync()
    {
        Task waited;
        lock (_gate)
        {
            _next ??= new Broadcast(inline);
            waited = _next.WaitAsync();
            if (_isRunning) return waited;
            _isRunning = true;
        }

        _ = PumpAsync();
        return waited;
    }

    private async Task PumpAsync()
    {
        while (TakeNext() is { } callers)
        {
            Exception? failure = null;
            try
            {
                await action();
            }
            catch (Exception fault)
            {
                failure = fault;   // for the callers: they know what it means
            }

            callers.Complete(failure);
        }
    }

    private Broadcast? TakeNext()
    {
        lock (_gate)
        {
            var callers = _next;
            _next = null;
            _isRunning = callers is not null;
            return callers;
        }
    }
}
