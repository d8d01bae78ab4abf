using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>
/// BLAKE3's compression function over the blocks of a <see cref="LaneBatch"/>, a chunk or parent in each lane of the
/// registers. Source: BLAKE3 paper, section 2.2 and 5.3.
/// </summary>
/// <remarks>Unsafe: lanes are addresses, and the message words need 64-byte alignment to load without splits.</remarks>
internal static unsafe class Blake3Kernel<TVector, TLanes>
    where TVector : unmanaged
    where TLanes : struct, ILanes<TVector>
{
    private const int Rounds = 7;
    private const int WordsPerBlock = 16;
    private const int Alignment = 64;

    // The message word each step of each round takes: the paper's permutation, applied once more every round.
    private static ReadOnlySpan<byte> Schedule =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
        3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1,
        10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6,
        12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4,
        9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7,
        11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13,
    ];

    /// <summary>Hashes the batch; writes 32 bytes for each of its lanes in use to <paramref name="output"/>.</summary>
    /// <param name="batch">At most <c>TLanes.Count</c> lanes in use.</param>
    /// <param name="output">May overlap the sources: it is written when all of them have been read.</param>
    [SkipLocalsInit]
    public static void Run(LaneBatch* batch, byte* output)
    {
        // Sixteen message words, eight chaining words, and room to align them.
        var bytes = stackalloc byte[((WordsPerBlock + Blake3.KeyWords) * sizeof(TVector)) + Alignment];
        var words = (TVector*)(((nuint)bytes + Alignment - 1) & ~(nuint)(Alignment - 1));
        var values = words + WordsPerBlock;
        for (var i = 0; i < Blake3.KeyWords; i++) values[i] = TLanes.Broadcast(batch->Key[i]);

        for (var block = 0; block < batch->Blocks; block++)
        {
            TLanes.LoadBlocks(batch->Sources, block * Blake3.BlockBytes, words);
            Compress(batch, (uint)block, words, values);
        }

        TLanes.StoreChainingValues(values, output, batch->Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(LaneBatch* batch, uint block, TVector* words, TVector* values)
    {
        var number = TLanes.Broadcast(block);
        var lastBlock = TLanes.Load(batch->LastBlock);
        var isLast = TLanes.Equal(number, lastBlock);
        var flags = TLanes.Broadcast(batch->Flags | (block == 0 ? batch->FirstFlags : 0));

        TVector v0 = values[0], v1 = values[1], v2 = values[2], v3 = values[3];
        TVector v4 = values[4], v5 = values[5], v6 = values[6], v7 = values[7];
        TVector v8 = TLanes.Broadcast(Blake3.Iv0), v9 = TLanes.Broadcast(Blake3.Iv1);
        TVector v10 = TLanes.Broadcast(Blake3.Iv2), v11 = TLanes.Broadcast(Blake3.Iv3);
        TVector v12 = TLanes.Load(batch->CounterLow), v13 = TLanes.Load(batch->CounterHigh);
        var v14 = TLanes.Select(isLast, TLanes.Load(batch->LastBytes), TLanes.Broadcast(Blake3.BlockBytes));
        var v15 = TLanes.Or(flags, TLanes.And(isLast, TLanes.Broadcast(batch->LastFlags)));

        // Data of the image, never moved.
        var schedule = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Schedule));
        for (var round = 0; round < Rounds; round++)
        {
            Mix(ref v0, ref v1, ref v2, ref v3, ref v4, ref v5, ref v6, ref v7,
                ref v8, ref v9, ref v10, ref v11, ref v12, ref v13, ref v14, ref v15, words, schedule);
            Mix(ref v0, ref v1, ref v2, ref v3, ref v5, ref v6, ref v7, ref v4,
                ref v10, ref v11, ref v8, ref v9, ref v15, ref v12, ref v13, ref v14, words, schedule + 8);
            schedule += WordsPerBlock;
        }

        // A lane that has had its last block keeps its value.
        var isDone = TLanes.Above(number, lastBlock);
        values[0] = TLanes.Select(isDone, values[0], TLanes.Xor(v0, v8));
        values[1] = TLanes.Select(isDone, values[1], TLanes.Xor(v1, v9));
        values[2] = TLanes.Select(isDone, values[2], TLanes.Xor(v2, v10));
        values[3] = TLanes.Select(isDone, values[3], TLanes.Xor(v3, v11));
        values[4] = TLanes.Select(isDone, values[4], TLanes.Xor(v4, v12));
        values[5] = TLanes.Select(isDone, values[5], TLanes.Xor(v5, v13));
        values[6] = TLanes.Select(isDone, values[6], TLanes.Xor(v6, v14));
        values[7] = TLanes.Select(isDone, values[7], TLanes.Xor(v7, v15));
    }

    // Half a round: four quarter rounds side by side, so that their chains overlap.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref TVector a0, ref TVector a1, ref TVector a2, ref TVector a3,
        ref TVector b0, ref TVector b1, ref TVector b2, ref TVector b3,
        ref TVector c0, ref TVector c1, ref TVector c2, ref TVector c3,
        ref TVector d0, ref TVector d1, ref TVector d2, ref TVector d3, TVector* words, byte* schedule)
    {
        a0 = TLanes.Add(TLanes.Add(a0, words[schedule[0]]), b0);
        a1 = TLanes.Add(TLanes.Add(a1, words[schedule[2]]), b1);
        a2 = TLanes.Add(TLanes.Add(a2, words[schedule[4]]), b2);
        a3 = TLanes.Add(TLanes.Add(a3, words[schedule[6]]), b3);
        d0 = TLanes.RotateRight16(TLanes.Xor(d0, a0));
        d1 = TLanes.RotateRight16(TLanes.Xor(d1, a1));
        d2 = TLanes.RotateRight16(TLanes.Xor(d2, a2));
        d3 = TLanes.RotateRight16(TLanes.Xor(d3, a3));
        c0 = TLanes.Add(c0, d0);
        c1 = TLanes.Add(c1, d1);
        c2 = TLanes.Add(c2, d2);
        c3 = TLanes.Add(c3, d3);
        b0 = TLanes.RotateRight12(TLanes.Xor(b0, c0));
        b1 = TLanes.RotateRight12(TLanes.Xor(b1, c1));
        b2 = TLanes.RotateRight12(TLanes.Xor(b2, c2));
        b3 = TLanes.RotateRight12(TLanes.Xor(b3, c3));

        a0 = TLanes.Add(TLanes.Add(a0, words[schedule[1]]), b0);
        a1 = TLanes.Add(TLanes.Add(a1, words[schedule[3]]), b1);
        a2 = TLanes.Add(TLanes.Add(a2, words[schedule[5]]), b2);
        a3 = TLanes.Add(TLanes.Add(a3, words[schedule[7]]), b3);
        d0 = TLanes.RotateRight8(TLanes.Xor(d0, a0));
        d1 = TLanes.RotateRight8(TLanes.Xor(d1, a1));
        d2 = TLanes.RotateRight8(TLanes.Xor(d2, a2));
        d3 = TLanes.RotateRight8(TLanes.Xor(d3, a3));
        c0 = TLanes.Add(c0, d0);
        c1 = TLanes.Add(c1, d1);
        c2 = TLanes.Add(c2, d2);
        c3 = TLanes.Add(c3, d3);
        b0 = TLanes.RotateRight7(TLanes.Xor(b0, c0));
        b1 = TLanes.RotateRight7(TLanes.Xor(b1, c1));
        b2 = TLanes.RotateRight7(TLanes.Xor(b2, c2));
        b3 = TLanes.RotateRight7(TLanes.Xor(b3, c3));
    }
}
