using System.Collections.Immutable;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// The map of one aligned 1 MiB of a file. Pieces ascend and do not overlap; what they leave out is a hole.
/// </summary>
public sealed record ExtentRow(InodeId Inode, uint Index, ImmutableArray<ExtentPiece> Pieces, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Extent(Inode, Index);

    /// <summary>Bytes that are not holes.</summary>
    public uint AllocatedBytes
    {
        get
        {
            var sum = 0u;
            foreach (ref readonly var piece in Pieces.AsSpan()) sum += piece.Length;
            return sum;
        }
    }

    internal override int CostBytes => 80 + (88 * Pieces.Length);
}
