using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>Changes the pieces of an extent, and says which references to stored bytes that makes and ends.</summary>
public static class ExtentMap
{
    /// <summary>
    /// The pieces after <paramref name="updates"/> have replaced what they cover. Updates ascend and do not overlap; an
    /// update of kind Hole leaves nothing behind. Unwritten neighbours are joined.
    /// </summary>
    public static ImmutableArray<ExtentPiece> Splice(
        ImmutableArray<ExtentPiece> before, ReadOnlySpan<ExtentPiece> updates)
    {
        var old = before.IsDefault ? [] : before.AsSpan();
        if (ExtentPieces.TryMatch(old, updates, out var first))
        {
            var copy = old.ToArray();
            updates.CopyTo(copy.AsSpan(first));
            return ImmutableCollectionsMarshal.AsImmutableArray(copy);
        }

        var after = new List<ExtentPiece>(old.Length + updates.Length);
        var index = 0;
        ExtentPiece? rest = null;
        foreach (ref readonly var update in updates)
        {
            Invariant.That(update.Length > 0 && update.End <= Limits.ExtentBytes);
            while (Next(old, ref index, ref rest) is { } piece)
            {
                if (piece.End <= update.Offset)
                {
                    Add(after, piece);
                    continue;
                }

                if (piece.Offset < update.Offset) Add(after, Part(piece, piece.Offset, update.Offset));
                if (piece.End > update.End)
                {
                    rest = piece.Offset >= update.End ? piece : Part(piece, update.End, piece.End);
                    break;
                }
            }

            if (update.Kind != PieceKind.Hole) Add(after, update);
        }

        while (Next(old, ref index, ref rest) is { } piece) Add(after, piece);
        return [.. after];
    }

    /// <summary>
    /// Adds to <paramref name="deltas"/> how the references change when <paramref name="before"/> becomes
    /// <paramref name="after"/>: one a stored piece.
    /// </summary>
    public static void AddReferences(
        ReadOnlySpan<ExtentPiece> before, ReadOnlySpan<ExtentPiece> after, List<ReferenceDelta> deltas)
    {
        var same = 0;
        while (same < before.Length && same < after.Length && before[same] == after[same]) same++;
        before = before[same..];
        after = after[same..];
        while (before.Length > 0 && after.Length > 0 && before[^1] == after[^1])
        {
            before = before[..^1];
            after = after[..^1];
        }

        var first = deltas.Count;
        foreach (ref readonly var piece in after) Count(deltas, first, piece, 1);
        foreach (ref readonly var piece in before) Count(deltas, first, piece, -1);
        for (var i = deltas.Count - 1; i >= first; i--)
        {
            if (deltas[i].Delta == 0) deltas.RemoveAt(i);
        }
    }

    // Few pieces change at a time: a loop over them costs less than a dictionary.
    private static void Count(List<ReferenceDelta> deltas, int first, in ExtentPiece piece, int delta)
    {
        if (!piece.IsStored) return;
        for (var i = first; i < deltas.Count; i++)
        {
            if (deltas[i].Location != piece.Location) continue;
            deltas[i] = deltas[i] with { Delta = deltas[i].Delta + delta };
            return;
        }

        deltas.Add(new(piece.Location, piece.StoredBytes, piece.Checksum, delta));
    }

    private static ExtentPiece? Next(ReadOnlySpan<ExtentPiece> old, ref int index, ref ExtentPiece? rest)
    {
        if (rest is { } piece)
        {
            rest = null;
            return piece;
        }

        return index < old.Length ? old[index++] : null;
    }

    private static ExtentPiece Part(in ExtentPiece piece, uint offset, uint end) => piece with
    {
        Offset = offset,
        Length = end - offset,
        SkipBytes = piece.IsStored ? piece.SkipBytes + (offset - piece.Offset) : 0,
    };

    private static void Add(List<ExtentPiece> pieces, in ExtentPiece piece)
    {
        if (pieces.Count > 0 && piece.Kind == PieceKind.Unwritten && pieces[^1] is { Kind: PieceKind.Unwritten } last
            && last.End == piece.Offset)
        {
            pieces[^1] = last with { Length = last.Length + piece.Length };
            return;
        }

        pieces.Add(piece);
    }
}
