using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Client.Threading;

/// <summary>
/// Lets any number of callers wait for the next <see cref="Raise"/>; they go on upon the loop. For conditions that the
/// waiter checks again by itself.
/// </summary>
internal sealed class LoopSignal(ILoop loop)
{
    private readonly Lock _sync = new();
    private TaskCompletionSource? _next;

    /// <summary>A task of the next raise. Take it before checking the condition, else a raise between may be
    /// missed.</summary>
    public Task NextAsync()
    {
        lock (_sync) return (_next ??= new TaskCompletionSource()).Task;
    }

    /// <summary>Wakes all who wait now.</summary>
    public void Raise()
    {
        TaskCompletionSource? raised;
        lock (_sync)
        {
            raised = _next;
            _next = null;
        }

        if (raised is not null) loop.Post(static state => ((TaskCompletionSource)state!).SetResult(), raised);
    }
}
