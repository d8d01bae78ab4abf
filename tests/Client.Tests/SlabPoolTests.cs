using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClaudeFs.Client.Buffers;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Loops;

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

    [Fact]
    public void Populated_slabs_are_in_memory_and_keep_what_is_in_them()
    {
        const int bytes = 192 << 20;   // more than the collector has at hand from tests before
        var scheduler = new LoopScheduler(1);
        var pool = new SlabPool();
        pool.Populate(bytes, scheduler.Start("touch"));
        var early = pool.RentChunk();
        early.Span.Fill(7);
        var slabs = Enumerable.Range(0, bytes / Limits.ChunkBytes - 1).Select(_ => pool.RentChunk()).ToArray();
        Assert.Contains(slabs, slab => !IsInMemory(slab));

        scheduler.RunAll();

        Assert.All(slabs, slab => Assert.True(IsInMemory(slab)));
        Assert.False(early.Span.ContainsAnyExcept((byte)7));
    }

    // Bit 63 of the page's entry. Source: Documentation/admin-guide/mm/pagemap.rst.
    private static bool IsInMemory(Memory<byte> slab)
    {
        var address = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(slab.Span));
        using var map = File.OpenHandle("/proc/self/pagemap");
        Span<byte> entry = stackalloc byte[8];
        RandomAccess.Read(map, entry, address / Environment.SystemPageSize * entry.Length);
        return BitConverter.ToInt64(entry) < 0;
    }

    private static bool AreNeighbours(Memory<byte> left, Memory<byte> right) => Limits.ChunkBytes == Unsafe.ByteOffset(
        ref MemoryMarshal.GetReference(left.Span), ref MemoryMarshal.GetReference(right.Span));
}
