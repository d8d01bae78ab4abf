namespace ClaudeFs.Primitives;

/// <summary>Questions about the pieces of one extent, which ascend and do not overlap. Pure.</summary>
public static class ExtentPieces
{
    /// <summary>
    /// Whether the <paramref name="updates"/> cover exactly as many of the <paramref name="pieces"/>, neighbours, one
    /// each: a write over what was written in the same way. Then they take the places from <paramref name="first"/> on,
    /// and nothing is to be cut or joined.
    /// </summary>
    public static bool TryMatch(
        ReadOnlySpan<ExtentPiece> pieces, ReadOnlySpan<ExtentPiece> updates, out int first)
    {
        first = 0;
        if (updates.IsEmpty || updates.Length > pieces.Length) return false;
        first = IndexEndingAfter(pieces, updates[0].Offset);
        if (first + updates.Length > pieces.Length) return false;
        for (var i = 0; i < updates.Length; i++)
        {
            ref readonly var piece = ref pieces[first + i];
            ref readonly var update = ref updates[i];
            if (!update.IsStored || piece.Offset != update.Offset || piece.Length != update.Length) return false;
        }

        return true;
    }

    /// <summary>The first piece that ends after <paramref name="position"/>; their number when none does.</summary>
    public static int IndexEndingAfter(ReadOnlySpan<ExtentPiece> pieces, uint position)
    {
        var (low, high) = (0, pieces.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (pieces[middle].End <= position) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}
