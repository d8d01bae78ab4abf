using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Buffers;

/// <summary>
/// Written bytes of one aligned 64 KiB of a file. Holds a page while all of them are in one page, else a whole chunk,
/// so
/// that small files and small writes do not take 64 KiB each. Not thread-safe: the buffer's owner locks.
/// </summary>
internal sealed class DirtyChunk(long index)
{
    private Memory<byte> _slab;
    private int _slabStart;

    /// <summary>Number of the chunk in the file: offset / 64 KiB.</summary>
    public long Index { get; } = index;

    /// <summary>Offset in the file of the chunk's first byte.</summary>
    public long Offset => Index * Limits.ChunkBytes;

    /// <summary>Which bytes are there, relative to the chunk.</summary>
    public RangeSet Valid { get; } = new();

    /// <summary>Number of the write that made the chunk dirty first.</summary>
    public ulong FirstWrite { get; set; }

    /// <summary>Where a flush put the chunk as a whole; none otherwise.</summary>
    public ChunkLocation StoredAt { get; set; }

    /// <summary>Memory held.</summary>
    public int SlabBytes => _slab.Length;

    /// <summary>Copies a write in; it lies within the chunk. Returns how many bytes were not there before.</summary>
    public int Write(int start, ReadOnlySpan<byte> source, SlabPool pool)
    {
        var end = start + source.Length;
        Hold(start, end, pool);
        source.CopyTo(_slab.Span[(start - _slabStart)..]);
        return Valid.Add(start, end);
    }

    /// <summary>Bytes of a range that is there (or, for a fill, is within the slab).</summary>
    public Memory<byte> Bytes(int start, int length) => _slab.Slice(start - _slabStart, length);

    /// <summary>Makes room for the range; what was there stays.</summary>
    public void Hold(int start, int end, SlabPool pool)
    {
        if (_slab.IsEmpty)
        {
            var page = start & ~(Limits.LocatedBytes - 1);
            var fitsPage = end <= page + Limits.LocatedBytes;
            _slab = fitsPage ? pool.RentPage() : pool.RentChunk();
            _slabStart = fitsPage ? page : 0;
            return;
        }

        if (start >= _slabStart && end <= _slabStart + _slab.Length) return;
        var chunk = pool.RentChunk();
        _slab.CopyTo(chunk[_slabStart..]);
        pool.Return(_slab);
        (_slab, _slabStart) = (chunk, 0);
    }

    /// <summary>Takes the slab out when it is a whole chunk's: the caller owns it, the chunk must not be used
    /// again.</summary>
    public Memory<byte> TakeWholeSlab()
    {
        if (_slab.Length != Limits.ChunkBytes) return default;
        var slab = _slab;
        _slab = default;
        Valid.Clear();
        return slab;
    }

    /// <summary>Gives the memory back; the chunk must not be used again.</summary>
    public void Free(SlabPool pool)
    {
        if (!_slab.IsEmpty) pool.Return(_slab);
        _slab = default;
        Valid.Clear();
    }
}
