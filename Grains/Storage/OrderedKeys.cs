namespace ClaudeFs.Grains.Storage;

/// <summary>
/// An ordered set of numbers in sorted blocks: a directory's cookies of which the tables do not hold the latest. Cheap
/// when it holds one, and when it holds a million. Not thread-safe.
/// </summary>
internal sealed class OrderedKeys
{
    private const int BlockKeysMax = 512;
    private const int FirstKeys = 4;

    private readonly List<Block> _blocks = [];

    public int Count { get; private set; }

    public bool Add(long key)
    {
        if (_blocks.Count == 0) _blocks.Add(new(FirstKeys));
        var at = FindBlock(key);
        var block = _blocks[at];
        if (!block.Add(key)) return false;

        Count++;
        if (block.Count == BlockKeysMax) _blocks.Insert(at + 1, block.Split());
        return true;
    }

    public bool Remove(long key)
    {
        if (_blocks.Count == 0) return false;
        var at = FindBlock(key);
        if (!_blocks[at].Remove(key)) return false;

        Count--;
        if (_blocks[at].Count == 0) _blocks.RemoveAt(at);
        return true;
    }

    /// <summary>Keys above <paramref name="after"/>, ascending; how many.</summary>
    public int CopyAfter(long after, Span<long> into)
    {
        if (_blocks.Count == 0) return 0;
        var copied = 0;
        var start = -1;
        for (var at = FindBlock(after); at < _blocks.Count && copied < into.Length; at++)
        {
            var keys = _blocks[at].Keys;
            start = start < 0 ? UpperBound(keys, after) : 0;
            var count = Math.Min(keys.Length - start, into.Length - copied);
            keys.Slice(start, count).CopyTo(into[copied..]);
            copied += count;
        }

        return copied;
    }

    private static int UpperBound(ReadOnlySpan<long> keys, long after)
    {
        var at = keys.BinarySearch(after);
        return at < 0 ? ~at : at + 1;
    }

    // The last block that begins at or below the key; the first one takes what is below all.
    private int FindBlock(long key)
    {
        var (low, high) = (0, _blocks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_blocks[middle].First <= key) low = middle;
            else high = middle - 1;
        }

        return low;
    }

    private sealed class Block(int capacity)
    {
        private long[] _keys = new long[capacity];

        public int Count { get; private set; }

        public long First => _keys[0];

        public ReadOnlySpan<long> Keys => _keys.AsSpan(0, Count);

        public bool Add(long key)
        {
            var at = Keys.BinarySearch(key);
            if (at >= 0) return false;
            if (Count == _keys.Length) Array.Resize(ref _keys, Math.Min(BlockKeysMax, Count * 2));
            _keys.AsSpan(~at, Count - ~at).CopyTo(_keys.AsSpan(~at + 1));
            _keys[~at] = key;
            Count++;
            return true;
        }

        public bool Remove(long key)
        {
            var at = Keys.BinarySearch(key);
            if (at < 0) return false;
            Count--;
            _keys.AsSpan(at + 1, Count - at).CopyTo(_keys.AsSpan(at));
            return true;
        }

        public Block Split()
        {
            var half = Count / 2;
            var right = new Block(BlockKeysMax);
            _keys.AsSpan(half, Count - half).CopyTo(right._keys);
            right.Count = Count - half;
            Count = half;
            return right;
        }
    }
}
