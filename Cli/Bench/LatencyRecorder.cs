namespace ClaudeFs.Cli.Bench;

/// <summary>Latencies of one phase in nanoseconds; not thread-safe, one a thread, merged at the end.</summary>
internal sealed class LatencyRecorder(int capacity)
{
    private long[] _values = new long[capacity];

    public int Count { get; private set; }

    public void Add(long nanoseconds)
    {
        if (Count == _values.Length) Array.Resize(ref _values, _values.Length * 2);
        _values[Count++] = nanoseconds;
    }

    public void Add(LatencyRecorder other)
    {
        for (var i = 0; i < other.Count; i++) Add(other._values[i]);
    }

    /// <summary>
    /// Sorts what was recorded and gives the latency, in microseconds, that the fraction does not exceed.
    /// </summary>
    public double Percentile(double fraction)
    {
        if (Count == 0) return 0;
        Array.Sort(_values, 0, Count);
        var rank = (int)Math.Ceiling(fraction * Count) - 1;
        return _values[Math.Clamp(rank, 0, Count - 1)] / 1000.0;
    }
}
