using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

/// <summary>A range of a file's bytes, extent by extent.</summary>
internal readonly record struct ByteRange(ulong Start, ulong End)
{
    public uint FirstExtent => (uint)(Start / Limits.ExtentBytes);

    /// <summary>Extents that the range touches.</summary>
    public uint ExtentCount => End <= Start ? 0 : (uint)((End - 1) / Limits.ExtentBytes) - FirstExtent + 1;

    /// <summary>The first so many extents, and the rest.</summary>
    public (ByteRange Head, ByteRange Tail) Split(uint extentCount)
    {
        var middle = (ulong)(FirstExtent + extentCount) * Limits.ExtentBytes;
        return (new(Start, middle), new(middle, End));
    }

    /// <summary>The part of an extent that the range covers, relative to the extent.</summary>
    public (uint Start, uint End) Within(uint index)
    {
        var first = (ulong)index * Limits.ExtentBytes;
        return ((uint)(Math.Max(Start, first) - first), (uint)(Math.Min(End, first + Limits.ExtentBytes) - first));
    }

    /// <summary>Whether all of a content of this length from the file's start is in the range.</summary>
    public bool Covers(ulong lengthBytes) => Start == 0 && End >= lengthBytes;
}

/// <summary>
/// fallocate's arguments and what they do to the pieces of an extent. Source: fallocate(2), vfs_fallocate.
/// </summary>
internal static class AllocateRules
{
    /// <summary>Errors: EINVAL, EOPNOTSUPP, EFBIG.</summary>
    public static FsError Check(AllocateMode mode, ulong offset, ulong length)
    {
        if (length == 0) return FsError.EINVAL;
        const AllocateMode Known = AllocateMode.KeepSize | AllocateMode.PunchHole | AllocateMode.ZeroRange;
        if ((mode & ~Known) != 0) return FsError.EOPNOTSUPP;
        if (mode.HasFlag(AllocateMode.PunchHole))
        {
            if (mode.HasFlag(AllocateMode.ZeroRange) || !mode.HasFlag(AllocateMode.KeepSize)) return FsError.EOPNOTSUPP;
        }

        return offset > Limits.FileBytesMax || length > Limits.FileBytesMax - offset ? FsError.EFBIG : FsError.None;
    }

    /// <summary>
    /// What to change, in whole blocks of 4 KiB: outwards for allocation, inwards for holes and zeros, whose edges
    /// the client writes.
    /// </summary>
    public static ByteRange Range(AllocateMode mode, ulong offset, ulong length)
    {
        const ulong Mask = Limits.LocatedBytes - 1;
        var end = offset + length;
        var isInward = (mode & (AllocateMode.PunchHole | AllocateMode.ZeroRange)) != 0;
        var range = isInward
            ? new ByteRange((offset + Mask) & ~Mask, end & ~Mask)
            : new ByteRange(offset & ~Mask, (end + Mask) & ~Mask);
        return range.End < range.Start ? new(range.Start, range.Start) : range;
    }

    /// <summary>
    /// Adds the pieces that replace [start, end) of an extent: holes, or unwritten ones where nothing is yet.
    /// </summary>
    public static void AddUpdates(
        AllocateMode mode, ExtentRow? extent, uint start, uint end, List<ExtentPiece> updates)
    {
        if (mode.HasFlag(AllocateMode.PunchHole))
        {
            if (extent is not null) updates.Add(Piece(PieceKind.Hole, start, end));
            return;
        }

        if (mode.HasFlag(AllocateMode.ZeroRange) || extent is null)
        {
            updates.Add(Piece(PieceKind.Unwritten, start, end));
            return;
        }

        var at = start;
        foreach (var piece in extent.Pieces)
        {
            if (piece.End <= at) continue;
            if (piece.Offset >= end) break;
            if (piece.Offset > at) updates.Add(Piece(PieceKind.Unwritten, at, piece.Offset));
            at = piece.End;
        }

        if (at < end) updates.Add(Piece(PieceKind.Unwritten, at, end));
    }

    private static ExtentPiece Piece(PieceKind kind, uint start, uint end) =>
        new(start, end - start, kind, 0, default, 0, 0, 0, default);
}
