using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>Eight lanes in 256-bit registers. Needs AVX2; takes AVX-512VL's rotation where it is there.</summary>
internal readonly unsafe struct EightLanes : ILanes<Vector256<uint>>
{
    private const int WordsPerHalf = 8;

    public static int Count => 8;

    public static Vector256<uint> Broadcast(uint value) => Vector256.Create(value);

    public static Vector256<uint> Load(uint* words) => Vector256.Load(words);

    public static Vector256<uint> Add(Vector256<uint> left, Vector256<uint> right) => left + right;

    public static Vector256<uint> Xor(Vector256<uint> left, Vector256<uint> right) => left ^ right;

    public static Vector256<uint> Or(Vector256<uint> left, Vector256<uint> right) => left | right;

    public static Vector256<uint> And(Vector256<uint> left, Vector256<uint> right) => left & right;

    public static Vector256<uint> Equal(Vector256<uint> left, Vector256<uint> right) => Vector256.Equals(left, right);

    public static Vector256<uint> Above(Vector256<uint> left, Vector256<uint> right) =>
        Vector256.GreaterThan(left.AsInt32(), right.AsInt32()).AsUInt32();

    public static Vector256<uint> Select(Vector256<uint> mask, Vector256<uint> ifSet, Vector256<uint> ifClear) =>
        Vector256.ConditionalSelect(mask, ifSet, ifClear);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight16(Vector256<uint> value) => Avx512F.VL.IsSupported
        ? Avx512F.VL.RotateRight(value, 16)
        : Avx2.Shuffle(value.AsByte(), Vector256.Create((byte)
            2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13,
            2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight12(Vector256<uint> value) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, 12) : (value >>> 12) | (value << 20);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight8(Vector256<uint> value) => Avx512F.VL.IsSupported
        ? Avx512F.VL.RotateRight(value, 8)
        : Avx2.Shuffle(value.AsByte(), Vector256.Create((byte)
            1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12,
            1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight7(Vector256<uint> value) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, 7) : (value >>> 7) | (value << 25);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadBlocks(ulong* sources, int offset, Vector256<uint>* words)
    {
        Transpose(sources, offset, words);
        Transpose(sources, offset + sizeof(Vector256<uint>), words + WordsPerHalf);
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreChainingValues(Vector256<uint>* values, byte* output, int count)
    {
        var rows = stackalloc ulong[WordsPerHalf];
        var lanes = stackalloc Vector256<uint>[WordsPerHalf];
        for (var i = 0; i < WordsPerHalf; i++) rows[i] = (ulong)(values + i);
        Transpose(rows, 0, lanes);
        for (var lane = 0; lane < count; lane++) lanes[lane].Store((uint*)(output + (lane * Blake3.HashBytes)));
    }

    // Eight rows of eight words, rows becoming columns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ulong* rows, int offset, Vector256<uint>* columns)
    {
        Quarter(rows, offset, out var a0, out var a1, out var a2, out var a3);
        Quarter(rows + 4, offset, out var b0, out var b1, out var b2, out var b3);
        columns[0] = Avx2.Permute2x128(a0, b0, 0x20);
        columns[1] = Avx2.Permute2x128(a1, b1, 0x20);
        columns[2] = Avx2.Permute2x128(a2, b2, 0x20);
        columns[3] = Avx2.Permute2x128(a3, b3, 0x20);
        columns[4] = Avx2.Permute2x128(a0, b0, 0x31);
        columns[5] = Avx2.Permute2x128(a1, b1, 0x31);
        columns[6] = Avx2.Permute2x128(a2, b2, 0x31);
        columns[7] = Avx2.Permute2x128(a3, b3, 0x31);
    }

    // Transposes four rows within each 128-bit part.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(ulong* rows, int offset, out Vector256<uint> q0, out Vector256<uint> q1,
        out Vector256<uint> q2, out Vector256<uint> q3)
    {
        var r0 = Vector256.Load((uint*)(rows[0] + (ulong)offset));
        var r1 = Vector256.Load((uint*)(rows[1] + (ulong)offset));
        var r2 = Vector256.Load((uint*)(rows[2] + (ulong)offset));
        var r3 = Vector256.Load((uint*)(rows[3] + (ulong)offset));
        var low01 = Avx2.UnpackLow(r0, r1).AsUInt64();
        var low23 = Avx2.UnpackLow(r2, r3).AsUInt64();
        var high01 = Avx2.UnpackHigh(r0, r1).AsUInt64();
        var high23 = Avx2.UnpackHigh(r2, r3).AsUInt64();
        q0 = Avx2.UnpackLow(low01, low23).AsUInt32();
        q1 = Avx2.UnpackHigh(low01, low23).AsUInt32();
        q2 = Avx2.UnpackLow(high01, high23).AsUInt32();
        q3 = Avx2.UnpackHigh(high01, high23).AsUInt32();
    }
}
