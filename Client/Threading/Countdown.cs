using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Client.Threading;

/// <summary>Counts what is under way in the background, for who must wait until none of it is. Thread-safe.</summary>
internal sealed class Countdown(ILoop loop)
{
    private readonly LoopSignal _idle = new(loop);
    private int _count;

    /// <summary>Something begins; each ends with <see cref="End"/>.</summary>
    public void Begin() => Interlocked.Increment(ref _count);

    /// <summary>Something has ended.</summary>
    public void End()
    {
        if (Interlocked.Decrement(ref _count) == 0) _idle.Raise();
    }

    /// <summary>Waits until nothing is under way; false when nothing was.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        for (var waited = false; ; waited = true)
        {
            var idle = _idle.NextAsync();
            if (Volatile.Read(ref _count) == 0) return waited;
            await idle.WaitAsync(cancellationToken);
        }
    }
}
