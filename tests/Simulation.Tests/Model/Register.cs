namespace ClaudeFs.Simulation.Tests.Model;

/// <summary>
/// Something with one writer and any readers: knows which values a reader may see who asked at one moment and had the
/// answer at another. A write whose end is not known may have happened or not, until a later one has ended.
/// </summary>
internal sealed class Register<T>
{
    private readonly List<Write> _writes = [];

    public Register(T first) => _writes.Add(new Write(first) { End = 0, IsDurable = true });

    /// <summary>The last value, certain or not.</summary>
    public T Last => _writes[^1].Value;

    /// <summary>A write begins.</summary>
    public void Begin(T value, long now) => _writes.Add(new Write(value) { Start = now });

    /// <summary>The last write has ended.</summary>
    public void Complete(long now) => _writes[^1].End = now;

    /// <summary>Whether the end of the last write is not known.</summary>
    public bool IsUncertain => _writes[^1].End == long.MaxValue;

    /// <summary>The one writer has seen what it is.</summary>
    public void Settle(T value, long now) => _writes.Add(new Write(value) { Start = now, End = now, IsDurable = true });

    /// <summary>The last write survives a cut.</summary>
    public void NoteDurable() => _writes[^1].IsDurable = true;

    /// <summary>What was not durable may be gone.</summary>
    public void NoteCut()
    {
        for (var i = _writes.Count - 1; i >= 0 && !_writes[i].IsDurable; i--) _writes[i].End = long.MaxValue;
    }

    /// <summary>Whether a reader may have seen a value between two moments.</summary>
    public bool Allows(Func<T, bool> isSeen, long readStart, long readEnd)
    {
        for (var i = _writes.Count - 1; i >= 0; i--)
        {
            if (_writes[i].Start <= readEnd && isSeen(_writes[i].Value)) return true;
            if (_writes[i].End < readStart) return false;
        }

        return false;
    }

    public override string ToString() => string.Join(", ", _writes.TakeLast(6));

    private sealed record Write(T Value)
    {
        public long Start { get; init; }

        public long End { get; set; } = long.MaxValue;

        public bool IsDurable { get; set; }
    }
}
