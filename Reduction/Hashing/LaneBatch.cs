using System.Runtime.CompilerServices;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>
/// What one run of the kernel hashes: up to <see cref="LanesMax"/> chunks, or as many parent nodes, a lane each. Lanes
/// from <see cref="Count"/> on still need a readable source; what comes out of them is dropped.
/// </summary>
/// <remarks>
/// Lives on the stack, holds pointers to memory that its owner has pinned, and is read through a pointer.
/// </remarks>
internal unsafe struct LaneBatch
{
    public const int LanesMax = 16;

    /// <summary>Per lane: address of its first byte; all blocks of a lane are readable in full.</summary>
    public fixed ulong Sources[LanesMax];

    /// <summary>Per lane: index of its last block; blocks after it leave the lane alone.</summary>
    public fixed uint LastBlock[LanesMax];

    /// <summary>Per lane: bytes in its last block, 0 to 64.</summary>
    public fixed uint LastBytes[LanesMax];

    /// <summary>Per lane: lower half of the chunk's number; 0 for parents.</summary>
    public fixed uint CounterLow[LanesMax];

    /// <summary>Per lane: upper half of the chunk's number.</summary>
    public fixed uint CounterHigh[LanesMax];

    /// <summary>The key: eight words that every lane starts from.</summary>
    public fixed uint Key[Blake3.KeyWords];

    /// <summary>Lanes in use.</summary>
    public int Count;

    /// <summary>Blocks in the longest lane.</summary>
    public int Blocks;

    /// <summary>Flags of every block.</summary>
    public uint Flags;

    /// <summary>Flags of a lane's first block.</summary>
    public uint FirstFlags;

    /// <summary>Flags of a lane's last block.</summary>
    public uint LastFlags;

    /// <summary>Sets the lengths of all lanes to <paramref name="blocks"/> full blocks and the counters to 0.</summary>
    public void Reset(int blocks, ReadOnlySpan<uint> key)
    {
        Blocks = blocks;
        for (var lane = 0; lane < LanesMax; lane++)
        {
            LastBlock[lane] = (uint)(blocks - 1);
            LastBytes[lane] = Blake3.BlockBytes;
            CounterLow[lane] = 0;
            CounterHigh[lane] = 0;
        }

        for (var i = 0; i < Blake3.KeyWords; i++) Key[i] = key[i];
    }

    /// <summary>Points the lanes at <paramref name="count"/> sources <paramref name="stride"/> bytes apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PointAt(byte* first, int stride, int count)
    {
        Count = count;
        for (var lane = 0; lane < LanesMax; lane++)
        {
            Sources[lane] = (ulong)(lane < count ? first + ((long)lane * stride) : first);
        }
    }

    /// <summary>Numbers the lanes upwards from <paramref name="first"/>.</summary>
    public void NumberFrom(ulong first)
    {
        for (var lane = 0; lane < LanesMax; lane++)
        {
            var number = first + (ulong)lane;
            CounterLow[lane] = (uint)number;
            CounterHigh[lane] = (uint)(number >> 32);
        }
    }
}
