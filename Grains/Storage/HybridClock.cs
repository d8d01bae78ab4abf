using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// The hybrid logical clock of a silo: the time of day, but always above every stamp that it gave or was told.
/// Thread-safe.
/// </summary>
public sealed class HybridClock(TimeProvider time)
{
    /// <summary>How far a client's reading may move this clock ahead of the time of day.</summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromSeconds(1);

    private static readonly long AheadNanoseconds = AheadMax.Ticks * TimeSpan.NanosecondsPerTick;
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

    /// <summary>
    /// A stamp above all before it, and above <paramref name="seen"/>, which came with a message. A reading that is too
    /// far ahead of this clock is a broken clock's: it moves this one by <see cref="AheadMax"/> only.
    /// </summary>
    public Stamp Next(Stamp seen)
    {
        if (seen > Last)
        {
            var limit = new Stamp(Stamp.Of(time.GetUtcNow()).Nanoseconds + AheadNanoseconds);
            Observe(seen < limit ? seen : limit);
        }

        return Next();
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
