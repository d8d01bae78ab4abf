using System.Numerics;
using System.Runtime.CompilerServices;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>One lane in general registers.</summary>
internal readonly unsafe struct ScalarLane : ILanes<uint>
{
    public static int Count => 1;

    public static uint Broadcast(uint value) => value;

    public static uint Load(uint* words) => *words;

    public static uint Add(uint left, uint right) => left + right;

    public static uint Xor(uint left, uint right) => left ^ right;

    public static uint Or(uint left, uint right) => left | right;

    public static uint And(uint left, uint right) => left & right;

    public static uint Equal(uint left, uint right) => left == right ? uint.MaxValue : 0;

    public static uint Above(uint left, uint right) => left > right ? uint.MaxValue : 0;

    public static uint Select(uint mask, uint ifSet, uint ifClear) => (ifSet & mask) | (ifClear & ~mask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateRight16(uint value) => BitOperations.RotateRight(value, 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateRight12(uint value) => BitOperations.RotateRight(value, 12);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateRight8(uint value) => BitOperations.RotateRight(value, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateRight7(uint value) => BitOperations.RotateRight(value, 7);

    public static void LoadBlocks(ulong* sources, int offset, uint* words) =>
        Unsafe.CopyBlockUnaligned(words, (byte*)sources[0] + offset, Blake3.BlockBytes);

    public static void StoreChainingValues(uint* values, byte* output, int count) =>
        Unsafe.CopyBlockUnaligned(output, values, Blake3.HashBytes);
}
