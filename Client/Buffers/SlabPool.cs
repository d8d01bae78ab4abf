using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Buffers;

/// <summary>
/// Buffers of one chunk (64 KiB) and of one page (4 KiB), page-aligned and used again. Thread-safe. Whoever rents a
/// slab owns it until its return; what is in it at rent is undefined.
/// </summary>
/// <remarks>
/// First in, first out: the slabs of a stream come back in the order of their addresses, and so neighbours in a file
/// stay neighbours in memory, which a device writes without a copy.
/// </remarks>
internal sealed class SlabPool
{
    private const int ArenaBytes = 16 << 20;

    private readonly Lock _sync = new();
    private readonly Queue<Memory<byte>> _chunks = new();
    private readonly Queue<Memory<byte>> _pages = new();

    /// <summary>
    /// Has buffers of so many bytes ready, and <paramref name="loop"/> touch them, a huge page at a time: a first
    /// stream does not wait for memory then.
    /// </summary>
    public void Populate(long bytes, ILoop loop)
    {
        for (var at = 0L; at < bytes; at += ArenaBytes)
        {
            var arena = new PinnedArena(ArenaBytes);
            lock (_sync) Cut(arena.Memory, Limits.ChunkBytes, _chunks);
            for (var page = 0; page < ArenaBytes; page += PinnedArena.HugePageBytes)
            {
                var offset = page;
                loop.Post(state => ((PinnedArena)state!).Populate(offset), arena);
            }
        }
    }

    /// <summary>A buffer of <see cref="Limits.ChunkBytes"/>.</summary>
    public Memory<byte> RentChunk()
    {
        lock (_sync) return TakeChunk();
    }

    /// <summary>A buffer of <see cref="Limits.LocatedBytes"/>.</summary>
    public Memory<byte> RentPage()
    {
        lock (_sync)
        {
            if (_pages.Count == 0) Cut(TakeChunk(), Limits.LocatedBytes, _pages);
            return _pages.Dequeue();
        }
    }

    /// <summary>Gives a buffer of either size back.</summary>
    public void Return(Memory<byte> slab)
    {
        lock (_sync) (slab.Length == Limits.ChunkBytes ? _chunks : _pages).Enqueue(slab);
    }

    private Memory<byte> TakeChunk()
    {
        if (_chunks.Count == 0) Cut(new PinnedArena(ArenaBytes).Memory, Limits.ChunkBytes, _chunks);
        return _chunks.Dequeue();
    }

    private static void Cut(Memory<byte> whole, int bytes, Queue<Memory<byte>> into)
    {
        for (var at = 0; at < whole.Length; at += bytes) into.Enqueue(whole.Slice(at, bytes));
    }
}
