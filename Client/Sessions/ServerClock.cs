using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Sessions;

/// <summary>The silo's time as far as keepalives tell: file times that a lease holder gives are its readings.
/// Thread-safe.</summary>
internal sealed class ServerClock(TimeProvider time)
{
    private long _offsetNanoseconds;

    /// <summary>The silo's time now, to within half a round trip.</summary>
    public Stamp Now => new(Stamp.Of(time.GetUtcNow()).Nanoseconds + Interlocked.Read(ref _offsetNanoseconds));

    /// <summary>Takes in a reading of the silo's clock that was asked for at <paramref name="sent"/>.</summary>
    public void Correct(Stamp server, DateTimeOffset sent)
    {
        if (server == Stamp.Zero) return;
        var received = time.GetUtcNow();
        var local = Stamp.Of(sent + ((received - sent) / 2));
        Interlocked.Exchange(ref _offsetNanoseconds, server.Nanoseconds - local.Nanoseconds);
    }
}
