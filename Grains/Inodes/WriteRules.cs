using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

/// <summary>What a write may bring: it comes from a client, and its pieces become rows that others read.</summary>
internal static class WriteRules
{
    /// <summary>
    /// Extents ascend; their pieces ascend, do not overlap, lie within the extent, begin at multiples of 4 KiB and
    /// end there or at
    /// or after the end of the file; stored ones name stored bytes. Errors: EINVAL, EFBIG.
    /// </summary>
    public static FsError Check(WriteRequest request, ulong sizeBytes)
    {
        var previous = -1L;
        foreach (var extent in request.Updates)
        {
            if (extent.Index <= previous || extent.Pieces.IsDefault) return FsError.EINVAL;
            if (extent.Pieces.Length > Limits.PiecesPerExtentMax) return FsError.EINVAL;
            previous = extent.Index;
            var start = (ulong)extent.Index * Limits.ExtentBytes;
            var end = 0u;
            foreach (var piece in extent.Pieces)
            {
                if (!IsWellFormed(piece, end, start, sizeBytes)) return FsError.EINVAL;
                end = piece.End;
            }
        }

        return FsError.None;
    }

    private static bool IsWellFormed(in ExtentPiece piece, uint previousEnd, ulong start, ulong sizeBytes)
    {
        if (piece.Length == 0 || piece.Length > Limits.ExtentBytes || piece.Offset > Limits.ExtentBytes) return false;
        if (piece.Offset < previousEnd || piece.End > Limits.ExtentBytes) return false;
        if (piece.Offset % Limits.LocatedBytes != 0) return false;
        if (piece.End % Limits.LocatedBytes != 0 && start + piece.End < sizeBytes) return false;
        if (piece.IsStored) return !piece.Location.IsNone && piece.StoredBytes is > 0 and <= Limits.SegmentBytes;
        return piece.Kind is PieceKind.Hole or PieceKind.Unwritten && piece.Location.IsNone;
    }
}
