using System.Collections.Immutable;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

public class ExtentMapTests
{
    private const uint Unit = Limits.LocatedBytes;
    private const int Units = Limits.ExtentBytes / (int)Unit;

    // The model: for each 4 KiB of the extent, which stored bytes it shows; 0 a hole, -1 unwritten.
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Splices_agree_with_a_model_and_references_add_up(int seed)
    {
        var random = new Random(seed);
        var model = new long[Units];
        var pieces = ImmutableArray<ExtentPiece>.Empty;
        var counts = new Dictionary<ChunkLocation, int>();
        var next = 1UL;
        for (var step = 0; step < 500; step++)
        {
            var update = Update(random, ref next);
            var deltas = new List<ReferenceDelta>();
            var after = ExtentMap.Splice(pieces, [update]);
            ExtentMap.AddReferences(pieces.AsSpan(), after.AsSpan(), deltas);
            pieces = after;
            Paint(model, update);
            foreach (var delta in deltas)
            {
                counts[delta.Location] = counts.GetValueOrDefault(delta.Location) + delta.Delta;
                Assert.NotEqual(0, delta.Delta);
            }

            var painted = new long[Units];
            foreach (var piece in pieces) Paint(painted, piece);
            Assert.Equal(model, painted);
            var stored = pieces.Where(piece => piece.IsStored).GroupBy(piece => piece.Location);
            Assert.Equal(stored.ToDictionary(group => group.Key, group => group.Count()),
                counts.Where(pair => pair.Value != 0).ToDictionary());
            for (var i = 1; i < pieces.Length; i++) Assert.True(pieces[i - 1].End <= pieces[i].Offset);
        }
    }

    private static ExtentPiece Update(Random random, ref ulong next)
    {
        var kind = (PieceKind)random.Next(5);
        var length = kind == PieceKind.Located ? 1 : random.Next(1, 17);
        var offset = (uint)random.Next(Units - length + 1) * Unit;
        var location = kind is PieceKind.Chunk or PieceKind.Located ? new ChunkLocation(new(next++), 0) : default;
        return new(offset, (uint)length * Unit, kind, 0, location, (uint)length * Unit, 0, 0, default);
    }

    private static void Paint(long[] model, in ExtentPiece piece)
    {
        for (var i = 0U; i < piece.Length / Unit; i++)
        {
            model[(piece.Offset / Unit) + i] = piece.Kind switch
            {
                PieceKind.Hole => 0,
                PieceKind.Unwritten => -1,
                PieceKind.Lost => -2,
                _ => (long)(piece.Location.Segment.Value * 1000) + (piece.SkipBytes / Unit) + i,
            };
        }
    }
}
