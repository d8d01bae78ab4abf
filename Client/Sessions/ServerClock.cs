using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Sessions;

/// <summary>
/// The silo's time as far as keepalives tell: file times that a lease holder gives are its readings. Thread-safe.
/// </summary>
/// <remarks>
/// A reading of the silo's clock was taken somewhere between question and answer. So at the answer the silo's clock
/// shows at least the reading, and at most the reading and the whole round trip. The lower bound is used, never the
/// middle: a time from here is then in the silo's past, and no stamp that the silo gives later is below it. Runs on
/// timestamps: a time of day that is set does not move it.
/// </remarks>
internal sealed class ServerClock(TimeProvider time)
{
    private readonly Lock _sync = new();
    private long _offsetNanoseconds = Stamp.Of(time.GetUtcNow()).Nanoseconds - Nanoseconds(time, time.GetTimestamp());
    private bool _isCorrected;
    private long _lastGiven;

    /// <summary>The silo's time now, or up to a round trip before.</summary>
    public Stamp Now
    {
        get
        {
            lock (_sync) return new(Nanoseconds(time, time.GetTimestamp()) + _offsetNanoseconds);
        }
    }

    /// <summary>The latest time given for a change; zero when there was none.</summary>
    public Stamp LastGiven => new(Volatile.Read(ref _lastGiven));

    /// <summary>The time of a change of something that was last changed at <paramref name="before"/>.</summary>
    public Stamp After(Stamp before)
    {
        var given = before.After(Now);
        var last = Volatile.Read(ref _lastGiven);
        while (given.Nanoseconds > last)
        {
            var seen = Interlocked.CompareExchange(ref _lastGiven, given.Nanoseconds, last);
            if (seen == last) break;
            last = seen;
        }

        return given;
    }

    /// <summary>
    /// Takes in a reading of the silo's clock that was asked for at <paramref name="sent"/> (a timestamp). Of two lower
    /// bounds the higher one stays; one that is above what the silo can show now is of a clock that was set back.
    /// </summary>
    public void Correct(Stamp server, long sent)
    {
        if (server == Stamp.Zero) return;
        var received = time.GetTimestamp();
        var lowest = server.Nanoseconds - Nanoseconds(time, received);
        var highest = server.Nanoseconds - Nanoseconds(time, sent);
        lock (_sync)
        {
            var isPossible = _isCorrected && _offsetNanoseconds >= lowest && _offsetNanoseconds <= highest;
            if (!isPossible) _offsetNanoseconds = lowest;
            _isCorrected = true;
        }
    }

    private static long Nanoseconds(TimeProvider time, long timestamp) =>
        time.GetElapsedTime(0, timestamp).Ticks * TimeSpan.NanosecondsPerTick;
}
