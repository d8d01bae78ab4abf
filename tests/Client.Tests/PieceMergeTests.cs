using ClaudeFs.Client.Content;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

public class PieceMergeTests
{
    private const int Size = 64;

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Updates_lie_over_what_was_there(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 500; round++)
        {
            var (pieces, model) = (Array.Empty<ExtentPiece>(), new (ulong Segment, uint Byte)[Size]);
            for (var step = 0; step < 12; step++)
            {
                if (random.Next(5) == 0)
                {
                    var end = random.Next(Size);
                    pieces = PieceMerge.Truncate(pieces, (uint)end);
                    Array.Clear(model, end, Size - end);
                }
                else
                {
                    var updates = Updates(random, model);
                    pieces = PieceMerge.Replace(pieces, updates);
                }

                Assert.Equal(model, Expand(pieces, seed));
            }
        }
    }

    private static ExtentPiece[] Updates(Random random, (ulong Segment, uint Byte)[] model)
    {
        var updates = new List<ExtentPiece>();
        for (var start = random.Next(Size); start < Size; start += random.Next(1, 20))
        {
            var length = random.Next(1, Size - start + 1);
            var kind = random.Next(4) == 0 ? PieceKind.Hole : PieceKind.Chunk;
            var segment = kind == PieceKind.Hole ? 0 : (ulong)random.Next(1, 1_000_000);
            var skip = (uint)random.Next(10);
            updates.Add(new ExtentPiece(
                (uint)start, (uint)length, kind, 0, new ChunkLocation(new SegmentId(segment), 0), 100, skip, 0,
                default));
            for (var i = 0; i < length; i++) model[start + i] = segment == 0 ? default : (segment, skip + (uint)i);
            start += length;
        }

        return [.. updates];
    }

    private static (ulong Segment, uint Byte)[] Expand(ExtentPiece[] pieces, int seed)
    {
        var bytes = new (ulong Segment, uint Byte)[Size];
        var last = 0u;
        foreach (var piece in pieces)
        {
            Assert.True(piece.Offset >= last && piece.Length > 0 && piece.Kind != PieceKind.Hole, $"seed {seed}");
            var segment = piece.Location.Segment.Value;
            for (var i = 0u; i < piece.Length; i++) bytes[piece.Offset + i] = (segment, piece.SkipBytes + i);
            last = piece.End;
        }

        return bytes;
    }
}
