namespace ClaudeFs.Client.Nodes;

/// <summary>Counts names remembered in all directories, up to a bound. Thread-safe.</summary>
internal sealed class EntryTally(int max)
{
    private int _count;

    /// <summary>Names now.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Whether there is no room.</summary>
    public bool IsFull => Count >= max;

    /// <summary>One more; false when there is no room.</summary>
    public bool TryAdd()
    {
        if (Interlocked.Increment(ref _count) <= max) return true;
        Interlocked.Decrement(ref _count);
        return false;
    }

    /// <summary>Names forgotten.</summary>
    public void Remove(int count) => Interlocked.Add(ref _count, -count);
}
