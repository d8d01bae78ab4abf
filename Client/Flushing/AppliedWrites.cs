namespace ClaudeFs.Client.Flushing;

/// <summary>
/// Flushes that were applied by a silo and are not known to be durable: when the session is lost they may be lost with
/// the silo's memory, and whoever calls fsync must be told. Numbered by their answers. Thread-safe.
/// </summary>
internal sealed class AppliedWrites
{
    private long _last;
    private long _durable;

    /// <summary>The last flush that was applied.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Whether some may not be durable.</summary>
    public bool IsAny => Last > Volatile.Read(ref _durable);

    /// <summary>The number of one more.</summary>
    public long Add() => Interlocked.Increment(ref _last);

    /// <summary>Whether a flush may be lost with the silo; 0 is none.</summary>
    public bool MayBeLost(long number) => number > Volatile.Read(ref _durable);

    /// <summary>All up to this one are durable.</summary>
    public void NoteDurable(long number)
    {
        var seen = Volatile.Read(ref _durable);
        while (number > seen)
        {
            var found = Interlocked.CompareExchange(ref _durable, number, seen);
            if (found == seen) return;
            seen = found;
        }
    }
}
