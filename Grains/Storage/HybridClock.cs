using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// The hybrid logical clock of a silo: the time of day, but always above every stamp that it gave or was told.
/// Thread-safe.
/// </summary>
public sealed class HybridClock(TimeProvider time)
{
    private long _last;

    /// <summary>The highest stamp given or observed.</summary>
    public Stamp Last => new(Volatile.Read(ref _last));

    /// <summary>A stamp above all before it.</summary>
    public Stamp Next()
    {
        var now = Stamp.Of(time.GetUtcNow());
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = new Stamp(last).After(now);
            if (Interlocked.CompareExchange(ref _last, next.Nanoseconds, last) == last) return next;
        }
    }

    /// <summary>A stamp that a message, the log or the tables carried: later ones are above it.</summary>
    public void Observe(Stamp stamp)
    {
        var last = Volatile.Read(ref _last);
        while (stamp.Nanoseconds > last)
        {
            var seen = Interlocked.CompareExchange(ref _last, stamp.Nanoseconds, last);
            if (seen == last) return;
            last = seen;
        }
    }
}
