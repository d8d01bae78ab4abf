using System.Collections.Immutable;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>
/// What a client knows of one file's committed content: pieces by extent, or the inline bytes. Good while its lease is.
/// </summary>
/// <remarks>Not thread-safe: the owner's lock guards every member.</remarks>
internal sealed class ExtentMap
{
    private readonly Dictionary<uint, ExtentPiece[]> _extents = [];
    private bool _isComplete;

    /// <summary>The whole content when it lives inline; what the size has beyond it is zeros.</summary>
    public byte[]? Inline { get; private set; }

    /// <summary>Whether nothing at all is known.</summary>
    public bool IsUnknown => !_isComplete && _extents.Count == 0;

    /// <summary>Whether the file is known to have no stored content.</summary>
    public bool IsKnownEmpty =>
        _isComplete && Inline is null && _extents.Values.All(static pieces => pieces.Length == 0);

    /// <summary>Nothing is known any more.</summary>
    public void Forget()
    {
        _extents.Clear();
        Inline = null;
        _isComplete = false;
    }

    /// <summary>The file is known to be empty: just made, or cut to nothing.</summary>
    public void SetEmpty()
    {
        Forget();
        _isComplete = true;
    }

    /// <summary>The file's whole content is known to be these inline bytes.</summary>
    public void SetInline(byte[] content)
    {
        Forget();
        Inline = content;
        _isComplete = true;
    }

    /// <summary>Takes in an answer for extents [<paramref name="first"/>, + <paramref name="count"/>).</summary>
    public void Learn(FileMap map, uint first, uint count)
    {
        if (map.Inline is not null)
        {
            SetInline(map.Inline);
            return;
        }

        if (_extents.Count + count > Limits.ExtentsCachedPerFileMax) Forget();
        for (var i = 0u; i < count; i++) _extents[first + i] = [];
        foreach (var extent in map.Extents) _extents[extent.Index] = [.. extent.Pieces];
        if (first == 0 && map.NextIndex is null) _isComplete = true;
    }

    /// <summary>Whether the pieces of an extent are known.</summary>
    public bool IsKnown(uint index) => _isComplete || _extents.ContainsKey(index);

    /// <summary>The pieces of a known extent; empty for a hole.</summary>
    public ReadOnlySpan<ExtentPiece> Pieces(uint index) => _extents.GetValueOrDefault(index) ?? [];

    /// <summary>
    /// Adds what [<paramref name="from"/>, <paramref name="to"/>) needs to <paramref name="plan"/>; inline bytes are
    /// copied
    /// and holes cleared in <paramref name="destination"/> (whose first byte is file offset <paramref name="origin"/>).
    /// False, with the plan's MissingExtent, when an extent is not known.
    /// </summary>
    public bool TryPlan(long from, long to, long origin, Span<byte> destination, ReadPlan plan)
    {
        if (Inline is not null)
        {
            CopyInline(from, to, destination[(int)(from - origin)..(int)(to - origin)]);
            return true;
        }

        while (from < to)
        {
            var index = (uint)(from / Limits.ExtentBytes);
            if (!IsKnown(index))
            {
                plan.MissingExtent = index;
                return false;
            }

            var extentOffset = (long)index * Limits.ExtentBytes;
            var stop = Math.Min(to, extentOffset + Limits.ExtentBytes);
            PlanExtent(Pieces(index), extentOffset, from, stop, origin, destination, plan);
            from = stop;
        }

        return true;
    }

    /// <summary>Adds the stored pieces that touch the range; false when an extent of it is not known.</summary>
    public bool TryCollect(long from, long to, List<ExtentPiece> pieces)
    {
        if (Inline is not null) return true;
        for (var index = (uint)(from / Limits.ExtentBytes); (long)index * Limits.ExtentBytes < to; index++)
        {
            if (!IsKnown(index)) return false;
            var extentOffset = (long)index * Limits.ExtentBytes;
            foreach (ref readonly var piece in Pieces(index))
            {
                var isIn = extentOffset + piece.End > from && extentOffset + piece.Offset < to;
                if (isIn && piece.IsStored) pieces.Add(piece);
            }
        }

        return true;
    }

    /// <summary>Takes in what a commit changed.</summary>
    public void Apply(ImmutableArray<Extent> updates)
    {
        Inline = null;
        foreach (var update in updates)
        {
            if (!IsKnown(update.Index)) continue;
            var known = _extents.GetValueOrDefault(update.Index) ?? [];
            var updated = update.Pieces.AsSpan();
            if (ExtentPieces.TryMatch(known, updated, out var first)) updated.CopyTo(known.AsSpan(first));
            else _extents[update.Index] = PieceMerge.Replace(known, updated);
        }

        if (_extents.Count > Limits.ExtentsCachedPerFileMax) Forget();
    }

    /// <summary>Takes in that the file was cut to <paramref name="size"/>.</summary>
    public void Truncate(long size)
    {
        if (size == 0)
        {
            SetEmpty();
            return;
        }

        if (Inline is not null)
        {
            if (Inline.Length > size) Inline = Inline[..(int)size];
            return;
        }

        var last = (uint)(size / Limits.ExtentBytes);
        foreach (var (index, pieces) in _extents)
        {
            if (index > last) _extents[index] = [];
            else if (index == last) _extents[index] = PieceMerge.Truncate(pieces, (uint)(size % Limits.ExtentBytes));
        }
    }

    /// <summary>Drops what is known of extents that the range touches; what is known to be complete no longer
    /// is.</summary>
    public void ForgetRange(long offset, long length)
    {
        if (length <= 0) return;
        var (first, last) = ((uint)(offset / Limits.ExtentBytes), (uint)((offset + length - 1) / Limits.ExtentBytes));
        if (_isComplete || last - first > (uint)_extents.Count)
        {
            Forget();
            return;
        }

        for (var index = first; index <= last; index++) _extents.Remove(index);
    }

    private void CopyInline(long from, long to, Span<byte> destination)
    {
        destination.Clear();
        var present = Math.Min(to, Inline!.Length) - from;
        if (present > 0) Inline.AsSpan((int)from, (int)present).CopyTo(destination);
    }

    private static void PlanExtent(
        ReadOnlySpan<ExtentPiece> pieces, long extentOffset, long from, long to, long origin, Span<byte> destination,
        ReadPlan plan)
    {
        var position = from;
        for (var i = ExtentPieces.IndexEndingAfter(pieces, (uint)(from - extentOffset)); i < pieces.Length; i++)
        {
            ref readonly var piece = ref pieces[i];
            var start = Math.Max(extentOffset + piece.Offset, position);
            if (start >= to) break;
            var end = Math.Min(extentOffset + piece.End, to);
            destination[(int)(position - origin)..(int)(start - origin)].Clear();
            if (piece.IsStored)
            {
                var skip = (int)(piece.SkipBytes + (start - extentOffset - piece.Offset));
                plan.Add(new ReadSegment((int)(start - origin), (int)(end - start), skip, piece));
            }
            else
            {
                destination[(int)(start - origin)..(int)(end - origin)].Clear();
                plan.IsLost |= piece.Kind == PieceKind.Lost;
            }

            position = end;
        }

        destination[(int)(position - origin)..(int)(to - origin)].Clear();
    }
}
