using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>Lays newer pieces of one extent over older ones. Pure.</summary>
internal static class PieceMerge
{
    /// <summary>
    /// The pieces of an extent after an update: what <paramref name="updates"/> cover is theirs (holes leave nothing),
    /// the
    /// rest stays, cut where it must be. Both ascend and do not overlap; so does the result.
    /// </summary>
    public static ExtentPiece[] Replace(ReadOnlySpan<ExtentPiece> pieces, ReadOnlySpan<ExtentPiece> updates)
    {
        var merged = new List<ExtentPiece>(pieces.Length + updates.Length);
        var next = 0;
        foreach (var piece in pieces)
        {
            var position = piece.Offset;
            while (next < updates.Length && updates[next].End <= position) Take(merged, updates[next++]);
            var scan = next;
            while (scan < updates.Length && updates[scan].Offset < piece.End)
            {
                var update = updates[scan];
                if (update.Offset > position) merged.Add(Cut(piece, position, update.Offset));
                position = Math.Max(position, update.End);
                if (update.End > piece.End) break;
                Take(merged, update);
                next = ++scan;
            }

            if (position < piece.End) merged.Add(Cut(piece, position, piece.End));
        }

        while (next < updates.Length) Take(merged, updates[next++]);
        return [.. merged];
    }

    /// <summary>The pieces below <paramref name="end"/>, the last cut.</summary>
    public static ExtentPiece[] Truncate(ReadOnlySpan<ExtentPiece> pieces, uint end)
    {
        var kept = new List<ExtentPiece>(pieces.Length);
        foreach (var piece in pieces)
        {
            if (piece.Offset >= end) break;
            kept.Add(piece.End <= end ? piece : Cut(piece, piece.Offset, end));
        }

        return [.. kept];
    }

    /// <summary>The part [start, end) of a piece.</summary>
    public static ExtentPiece Cut(in ExtentPiece piece, uint start, uint end) => piece with
    {
        Offset = start,
        Length = end - start,
        SkipBytes = piece.IsStored ? piece.SkipBytes + (start - piece.Offset) : 0,
    };

    private static void Take(List<ExtentPiece> merged, in ExtentPiece update)
    {
        if (update.Kind != PieceKind.Hole) merged.Add(update);
    }
}
