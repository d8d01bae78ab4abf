using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Buffers;

/// <summary>
/// Buffers of one chunk (64 KiB) and of one page (4 KiB), pinned and used again. Thread-safe. Whoever rents a slab owns
/// it until its return; what is in it at rent is undefined.
/// </summary>
internal sealed class SlabPool(long keptBytesMax)
{
    private readonly Lock _sync = new();
    private readonly Stack<byte[]> _chunks = new();
    private readonly Stack<byte[]> _pages = new();
    private long _keptBytes;

    /// <summary>A buffer of <see cref="Limits.ChunkBytes"/>.</summary>
    public byte[] RentChunk() => Rent(_chunks, Limits.ChunkBytes);

    /// <summary>A buffer of <see cref="Limits.LocatedBytes"/>.</summary>
    public byte[] RentPage() => Rent(_pages, Limits.LocatedBytes);

    /// <summary>Gives a buffer of either size back.</summary>
    public void Return(byte[] slab)
    {
        var stack = slab.Length == Limits.ChunkBytes ? _chunks : _pages;
        lock (_sync)
        {
            if (_keptBytes + slab.Length > keptBytesMax) return;
            _keptBytes += slab.Length;
            stack.Push(slab);
        }
    }

    private byte[] Rent(Stack<byte[]> stack, int bytes)
    {
        lock (_sync)
        {
            if (stack.TryPop(out var slab))
            {
                _keptBytes -= bytes;
                return slab;
            }
        }

        return GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
    }
}
