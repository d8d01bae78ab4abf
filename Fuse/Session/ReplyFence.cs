namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Orders replies and invalidations. What a reply lets the kernel keep was true when the file system said it; an
/// invalidation that overtakes the reply on its way would find nothing to drop, and the kernel would keep the old
/// answer. So: a request notes the round in which it began; its reply, if the round has changed, leaves with times of
/// zero; and an invalidation begins a new round and waits until the replies of the old one have been handed over, which
/// takes microseconds.
/// </summary>
/// <remarks>Two counters, of even and odd rounds; rounds are begun by one thread at a time.</remarks>
internal sealed class ReplyFence
{
    private readonly Lock _gate = new();
    private readonly int[] _active = new int[32]; // the counters of even and odd rounds on lines of their own
    private long _round;

    /// <summary>The round now.</summary>
    internal long Round => Volatile.Read(ref _round);

    /// <summary>Begins handing over a reply; returns the round, to be given to <see cref="Exit"/>.</summary>
    internal long Enter()
    {
        while (true)
        {
            var round = Round;
            Interlocked.Increment(ref CounterOf(round));
            if (Round == round) return round;
            Interlocked.Decrement(ref CounterOf(round));
        }
    }

    /// <summary>The reply has been handed over.</summary>
    internal void Exit(long round) => Interlocked.Decrement(ref CounterOf(round));

    /// <summary>Returns when every reply that leaves from now on knows that things have changed. Not from within a
    /// reply.</summary>
    internal void Advance()
    {
        lock (_gate)
        {
            var old = _round;
            Volatile.Write(ref _round, old + 1);
            Interlocked.MemoryBarrier();
            var spinner = new SpinWait();
            while (Volatile.Read(ref CounterOf(old)) != 0) spinner.SpinOnce();
        }
    }

    private ref int CounterOf(long round) => ref _active[(int)(round & 1) * 16];
}
