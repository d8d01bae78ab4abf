using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClaudeFs.Client.Buffers;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

public sealed class SlabPoolTests
{
    [Fact]
    public void Slabs_of_a_stream_stay_side_by_side_when_they_are_used_again()
    {
        var pool = new SlabPool();
        for (var round = 0; round < 40; round++)
        {
            var slabs = Enumerable.Range(0, 32).Select(_ => pool.RentChunk()).ToArray();
            Assert.All(slabs, slab => Assert.True(AlignedMemory.IsAligned(slab)));
            var neighbours = slabs.Zip(slabs.Skip(1)).Count(pair => AreNeighbours(pair.First, pair.Second));
            Assert.True(neighbours >= slabs.Length - 2, $"round {round}: {neighbours} of {slabs.Length} side by side");
            foreach (var slab in slabs) pool.Return(slab);
        }
    }

    [Fact]
    public void No_slab_is_rented_twice()
    {
        var pool = new SlabPool();
        var rented = Enumerable.Range(0, 100).SelectMany(_ => new[] { pool.RentPage(), pool.RentChunk() }).ToArray();
        for (var i = 0; i < rented.Length; i++) rented[i].Span.Fill((byte)i);
        for (var i = 0; i < rented.Length; i++) Assert.False(rented[i].Span.ContainsAnyExcept((byte)i));
        foreach (var slab in rented) pool.Return(slab);
        Assert.Equal(Limits.LocatedBytes, pool.RentPage().Length);
        Assert.Equal(Limits.ChunkBytes, pool.RentChunk().Length);
    }

    private static bool AreNeighbours(Memory<byte> left, Memory<byte> right) => Limits.ChunkBytes == Unsafe.ByteOffset(
        ref MemoryMarshal.GetReference(left.Span), ref MemoryMarshal.GetReference(right.Span));
}
