namespace ClaudeFs.Client.Buffers;

/// <summary>Half-open ranges of ints, ascending, never touching: which bytes of a chunk are there. Not
/// thread-safe.</summary>
internal sealed class RangeSet
{
    private const int InitialCapacity = 4;

    private (int Start, int End)[] _ranges = new (int, int)[InitialCapacity];
    private int _count;

    /// <summary>The ranges, ascending; valid until the next change.</summary>
    public ReadOnlySpan<(int Start, int End)> Ranges => _ranges.AsSpan(0, _count);

    /// <summary>Whether nothing is there.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>First byte after the last range; 0 when empty.</summary>
    public int End => _count == 0 ? 0 : _ranges[_count - 1].End;

    /// <summary>Adds a range; returns how many of its bytes were not there.</summary>
    public int Add(int start, int end)
    {
        if (start >= end) return 0;
        var first = FirstEndingAtOrAfter(start);
        var (mergedStart, mergedEnd, present) = (start, end, 0);
        var next = first;
        for (; next < _count && _ranges[next].Start <= end; next++)
        {
            var range = _ranges[next];
            present += Math.Max(0, Math.Min(range.End, end) - Math.Max(range.Start, start));
            mergedStart = Math.Min(mergedStart, range.Start);
            mergedEnd = Math.Max(mergedEnd, range.End);
        }

        Replace(first, next - first, (mergedStart, mergedEnd));
        return end - start - present;
    }

    /// <summary>Removes what lies at or after <paramref name="end"/>; returns how many bytes went.</summary>
    public int Truncate(int end)
    {
        var removed = 0;
        while (_count > 0 && _ranges[_count - 1].End > end)
        {
            ref var last = ref _ranges[_count - 1];
            removed += last.End - Math.Max(last.Start, end);
            if (last.Start >= end) _count--;
            else last.End = end;
        }

        return removed;
    }

    /// <summary>Whether all of the range is there.</summary>
    public bool Covers(int start, int end)
    {
        if (start >= end) return true;
        return TryFindAt(start, out _, out var runEnd) is RunKind.Present && runEnd >= end;
    }

    /// <summary>Whether any of the range is there.</summary>
    public bool Intersects(int start, int end)
    {
        if (start >= end) return false;
        var kind = TryFindAt(start, out var runStart, out _);
        return kind == RunKind.Present || (kind == RunKind.Later && runStart < end);
    }

    /// <summary>What is at <paramref name="position"/>, or the first range after it.</summary>
    public RunKind TryFindAt(int position, out int start, out int end)
    {
        (start, end) = (0, 0);
        var index = FirstEndingAtOrAfter(position + 1);
        if (index == _count) return RunKind.None;
        (start, end) = _ranges[index];
        return start <= position ? RunKind.Present : RunKind.Later;
    }

    /// <summary>Empties the set.</summary>
    public void Clear() => _count = 0;

    // Index of the first range whose end is at least the position.
    private int FirstEndingAtOrAfter(int position)
    {
        var (low, high) = (0, _count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_ranges[middle].End < position) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private void Replace(int index, int removed, (int Start, int End) range)
    {
        var count = _count - removed + 1;
        if (count > _ranges.Length) Array.Resize(ref _ranges, _ranges.Length * 2);
        if (removed != 1) Array.Copy(_ranges, index + removed, _ranges, index + 1, _count - index - removed);
        _ranges[index] = range;
        _count = count;
    }
}

/// <summary>What <see cref="RangeSet.TryFindAt"/> found.</summary>
internal enum RunKind
{
    /// <summary>Nothing at or after the position.</summary>
    None,

    /// <summary>The position is in the range.</summary>
    Present,

    /// <summary>The range begins after the position.</summary>
    Later,
}
