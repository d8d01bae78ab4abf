using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Buffers;

/// <summary>
/// What was written to one file and is not committed: two layers of dirty chunks. Writes go to the current layer; a
/// flush
/// moves chunks to the flushing layer, whose bytes do not change until the flush ends. Readers see current over
/// flushing.
/// </summary>
/// <remarks>
/// Not thread-safe: the owner's lock guards every member. Bytes of the flushing layer may be read without it by the one
/// flush that took them.
/// </remarks>
internal sealed class WriteBuffer(SlabPool pool)
{
    private readonly Dictionary<long, DirtyChunk> _current = [];
    private readonly Dictionary<long, DirtyChunk> _flushing = [];
    private ulong _writes;
    private bool _isFlushGivenUp;

    /// <summary>Whether nothing waits for a flush, and no flush is under way.</summary>
    public bool IsEmpty => _current.Count == 0 && _flushing.Count == 0;

    /// <summary>Whether there are bytes that readers see.</summary>
    public bool HasVisible => _current.Count > 0 || (_flushing.Count > 0 && !_isFlushGivenUp);

    /// <summary>Whether writes wait that no flush has taken.</summary>
    public bool HasCurrent => _current.Count > 0;

    /// <summary>Memory held by the current layer.</summary>
    public long CurrentBytes { get; private set; }

    /// <summary>Memory held by both layers.</summary>
    public long HeldBytes { get; private set; }

    /// <summary>Bytes written and not committed.</summary>
    public long ValidBytes { get; private set; }

    /// <summary>Number of the last write.</summary>
    public ulong LastWrite => _writes;

    /// <summary>First byte after everything buffered; 0 when empty.</summary>
    public long End { get; private set; }

    /// <summary>Buffers a write; returns how many bytes of the current layer were not there before.</summary>
    public int Write(long offset, ReadOnlySpan<byte> source)
    {
        _writes++;
        var added = 0;
        End = Math.Max(End, offset + source.Length);
        while (source.Length > 0)
        {
            var (index, start) = (offset / Limits.ChunkBytes, (int)(offset % Limits.ChunkBytes));
            var take = Math.Min(source.Length, Limits.ChunkBytes - start);
            if (!_current.TryGetValue(index, out var chunk))
            {
                chunk = new DirtyChunk(index) { FirstWrite = _writes };
                _current.Add(index, chunk);
            }

            var held = chunk.SlabBytes;
            added += chunk.Write(start, source[..take], pool);
            CurrentBytes += chunk.SlabBytes - held;
            HeldBytes += chunk.SlabBytes - held;
            offset += take;
            source = source[take..];
        }

        ValidBytes += added;
        return added;
    }

    /// <summary>Whether a byte is in the current layer.</summary>
    public bool IsCurrent(long position) =>
        _current.TryGetValue(position / Limits.ChunkBytes, out var chunk)
        && chunk.Valid.Intersects((int)(position - chunk.Offset), (int)(position - chunk.Offset) + 1);

    /// <summary>How many 4 KiB pages of the range have nothing in the current layer.</summary>
    public int CountNewPages(long offset, int length)
    {
        var count = 0;
        const int page = Limits.LocatedBytes;
        for (var at = offset & ~(long)(page - 1); at < offset + length; at += page)
        {
            var isThere = _current.TryGetValue(at / Limits.ChunkBytes, out var chunk)
                && chunk.Valid.Intersects((int)(at - chunk.Offset), (int)(at - chunk.Offset) + page);
            if (!isThere) count++;
        }

        return count;
    }

    /// <summary>Lays bytes under what the current layer has: only gaps take them.</summary>
    public void WriteUnder(long offset, ReadOnlySpan<byte> source)
    {
        var end = offset + source.Length;
        while (offset < end)
        {
            var gapEnd = end;
            var (index, start) = (offset / Limits.ChunkBytes, (int)(offset % Limits.ChunkBytes));
            gapEnd = Math.Min(gapEnd, (index + 1) * Limits.ChunkBytes);
            if (_current.TryGetValue(index, out var chunk))
            {
                var kind = chunk.Valid.TryFindAt(start, out var runStart, out var runEnd);
                if (kind == RunKind.Present)
                {
                    offset = chunk.Offset + runEnd;
                    continue;
                }

                if (kind == RunKind.Later) gapEnd = Math.Min(gapEnd, chunk.Offset + runStart);
            }

            Write(offset, source[^(int)(end - offset)..^(int)(end - gapEnd)]);
            offset = gapEnd;
        }
    }

    /// <summary>
    /// The first buffered run at or after <paramref name="position"/> and before <paramref name="end"/>, clipped to
    /// both;
    /// false when there is none. Newer bytes hide older ones.
    /// </summary>
    public bool TryFindRun(long position, long end, out BufferedRun run)
    {
        run = default;
        if (!HasVisible) return false;
        for (var index = position / Limits.ChunkBytes; index * Limits.ChunkBytes < end; index++)
        {
            var chunkOffset = index * Limits.ChunkBytes;
            var from = (int)Math.Max(0, position - chunkOffset);
            if (!TryFindInChunk(index, from, out var chunk, out var start, out var stop)) continue;
            if (chunkOffset + start >= end) return false;
            run = new(chunkOffset + start, Math.Min(end, chunkOffset + stop), chunk);
            return true;
        }

        return false;
    }

    /// <summary>Copies a run that <see cref="TryFindRun"/> found.</summary>
    public static void Copy(in BufferedRun run, Span<byte> destination) =>
        run.Chunk.Bytes((int)(run.Start - run.Chunk.Offset), (int)(run.End - run.Start)).Span.CopyTo(destination);

    /// <summary>Cuts off what lies at or after <paramref name="size"/>. No flush may be under way.</summary>
    public void Truncate(long size)
    {
        Invariant.That(_flushing.Count == 0);
        if (End <= size) return;
        End = 0;
        foreach (var (index, chunk) in _current)
        {
            var keep = size - chunk.Offset;
            if (keep < Limits.ChunkBytes) ValidBytes -= chunk.Valid.Truncate((int)Math.Max(0, keep));
            if (chunk.Valid.IsEmpty)
            {
                Forget(chunk, isCurrent: true);
                _current.Remove(index);
                chunk.Free(pool);
            }
            else
            {
                End = Math.Max(End, chunk.Offset + chunk.Valid.End);
            }
        }
    }

    /// <summary>
    /// Moves chunks to the flushing layer, lowest first, up to <paramref name="bytesMax"/> of memory (at least one) and
    /// as
    /// many extents as one commit may bring. With <paramref name="wholeOnly"/> only chunks that are full, and the first
    /// of
    /// the file when <paramref name="withFirst"/>. No flush may be under way.
    /// </summary>
    public List<DirtyChunk> Take(long bytesMax, bool wholeOnly, bool withFirst)
    {
        Invariant.That(_flushing.Count == 0);
        var taken = new List<DirtyChunk>();
        foreach (var chunk in _current.Values)
        {
            var isTaken = !wholeOnly || chunk.Valid.Covers(0, Limits.ChunkBytes) || (withFirst && chunk.Index == 0);
            if (isTaken) taken.Add(chunk);
        }

        taken.Sort(static (left, right) => left.Index.CompareTo(right.Index));
        var (count, bytes, extents, last) = (0, 0L, 0, -1L);
        foreach (var chunk in taken)
        {
            var extent = chunk.Offset / Limits.ExtentBytes;
            if (extent != last) extents++;
            last = extent;
            if (count > 0 && (bytes + chunk.SlabBytes > bytesMax || extents > Limits.ExtentsPerWriteMax)) break;
            bytes += chunk.SlabBytes;
            count++;
        }

        taken.RemoveRange(count, taken.Count - count);
        foreach (var chunk in taken)
        {
            _current.Remove(chunk.Index);
            _flushing.Add(chunk.Index, chunk);
        }

        CurrentBytes -= bytes;
        return taken;
    }

    /// <summary>Whether a write up to the number <paramref name="write"/> waits for a flush.</summary>
    public bool HasWritesUpTo(ulong write)
    {
        foreach (var chunk in _current.Values)
        {
            if (chunk.FirstWrite <= write) return true;
        }

        return false;
    }

    /// <summary>
    /// Ends a flush: the chunks are committed, or lost. <paramref name="takeSlab"/> may keep a chunk's memory (it
    /// returns true then).
    /// </summary>
    public void EndFlush(Func<DirtyChunk, bool>? takeSlab = null)
    {
        foreach (var chunk in _flushing.Values)
        {
            Forget(chunk, isCurrent: false);
            foreach (var range in chunk.Valid.Ranges) ValidBytes -= range.End - range.Start;
            if (takeSlab is null || !takeSlab(chunk)) chunk.Free(pool);
        }

        _flushing.Clear();
        _isFlushGivenUp = false;
        FindEnd();
    }

    /// <summary>
    /// The flush under way, if any, will not be committed under the lease under which its bytes were written: from here
    /// on nobody sees them. It still ends with <see cref="EndFlush"/>.
    /// </summary>
    public void GiveUpFlush()
    {
        _isFlushGivenUp = _flushing.Count > 0;
        FindEnd();
    }

    /// <summary>Counts bytes that a flush filled in beside what was written.</summary>
    public void CountFilled(int bytes) => ValidBytes += bytes;

    /// <summary>Drops everything not taken by a flush.</summary>
    public void DropCurrent()
    {
        foreach (var chunk in _current.Values)
        {
            Forget(chunk, isCurrent: true);
            foreach (var range in chunk.Valid.Ranges) ValidBytes -= range.End - range.Start;
            chunk.Free(pool);
        }

        _current.Clear();
        FindEnd();
    }

    private void Forget(DirtyChunk chunk, bool isCurrent)
    {
        HeldBytes -= chunk.SlabBytes;
        if (isCurrent) CurrentBytes -= chunk.SlabBytes;
    }

    private void FindEnd()
    {
        End = 0;
        foreach (var chunk in _current.Values) End = Math.Max(End, chunk.Offset + chunk.Valid.End);
        if (_isFlushGivenUp) return;
        foreach (var chunk in _flushing.Values) End = Math.Max(End, chunk.Offset + chunk.Valid.End);
    }

    private bool TryFindInChunk(long index, int from, out DirtyChunk chunk, out int start, out int end)
    {
        (start, end) = (0, 0);
        var hasNew = _current.TryGetValue(index, out var newer);
        var hasOld = _flushing.TryGetValue(index, out var older) && !_isFlushGivenUp;
        chunk = (newer ?? older)!;
        if (!hasNew && !hasOld) return false;

        var (newStart, newEnd, oldStart, oldEnd) = (0, 0, 0, 0);
        var newKind = hasNew ? newer!.Valid.TryFindAt(from, out newStart, out newEnd) : RunKind.None;
        var oldKind = hasOld ? older!.Valid.TryFindAt(from, out oldStart, out oldEnd) : RunKind.None;
        if (newKind == RunKind.None && oldKind == RunKind.None) return false;

        newStart = Math.Max(newStart, from);
        oldStart = Math.Max(oldStart, from);
        if (oldKind == RunKind.None || (newKind != RunKind.None && newStart <= oldStart))
        {
            (chunk, start, end) = (newer!, newStart, newEnd);
            return true;
        }

        (chunk, start) = (older!, oldStart);
        end = newKind == RunKind.None ? oldEnd : Math.Min(oldEnd, newStart);
        return true;
    }
}

/// <summary>Buffered bytes [Start, End) of a file, within one chunk.</summary>
internal readonly record struct BufferedRun(long Start, long End, DirtyChunk Chunk);
