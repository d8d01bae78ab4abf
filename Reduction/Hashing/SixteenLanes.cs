using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>Sixteen lanes in 512-bit registers. Needs AVX-512F.</summary>
internal readonly unsafe struct SixteenLanes : ILanes<Vector512<uint>>
{
    private const int Lanes = 16;
    private const int Quarters = 4;

    public static int Count => Lanes;

    public static Vector512<uint> Broadcast(uint value) => Vector512.Create(value);

    public static Vector512<uint> Load(uint* words) => Vector512.Load(words);

    public static Vector512<uint> Add(Vector512<uint> left, Vector512<uint> right) => left + right;

    public static Vector512<uint> Xor(Vector512<uint> left, Vector512<uint> right) => left ^ right;

    public static Vector512<uint> Or(Vector512<uint> left, Vector512<uint> right) => left | right;

    public static Vector512<uint> And(Vector512<uint> left, Vector512<uint> right) => left & right;

    public static Vector512<uint> Equal(Vector512<uint> left, Vector512<uint> right) => Vector512.Equals(left, right);

    public static Vector512<uint> Above(Vector512<uint> left, Vector512<uint> right) =>
        Vector512.GreaterThan(left, right);

    public static Vector512<uint> Select(Vector512<uint> mask, Vector512<uint> ifSet, Vector512<uint> ifClear) =>
        Vector512.ConditionalSelect(mask, ifSet, ifClear);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RotateRight16(Vector512<uint> value) => Avx512F.RotateRight(value, 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RotateRight12(Vector512<uint> value) => Avx512F.RotateRight(value, 12);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RotateRight8(Vector512<uint> value) => Avx512F.RotateRight(value, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RotateRight7(Vector512<uint> value) => Avx512F.RotateRight(value, 7);

    // Sixteen rows of sixteen words, rows becoming columns: first within each 128-bit part, then the parts among each
    // other.
    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadBlocks(ulong* sources, int offset, Vector512<uint>* words)
    {
        var parts = stackalloc Vector512<uint>[Lanes];
        for (var i = 0; i < Quarters; i++) Quarter(sources + (i * Quarters), offset, parts + i);
        for (var i = 0; i < Quarters; i++)
        {
            var part = parts + (i * Quarters);
            var low01 = Avx512F.Shuffle4x128(part[0], part[1], 0x44);
            var low23 = Avx512F.Shuffle4x128(part[2], part[3], 0x44);
            var high01 = Avx512F.Shuffle4x128(part[0], part[1], 0xEE);
            var high23 = Avx512F.Shuffle4x128(part[2], part[3], 0xEE);
            words[i] = Avx512F.Shuffle4x128(low01, low23, 0x88);
            words[i + 4] = Avx512F.Shuffle4x128(low01, low23, 0xDD);
            words[i + 8] = Avx512F.Shuffle4x128(high01, high23, 0x88);
            words[i + 12] = Avx512F.Shuffle4x128(high01, high23, 0xDD);
        }
    }

    [SkipLocalsInit, MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreChainingValues(Vector512<uint>* values, byte* output, int count)
    {
        var rows = stackalloc ulong[Lanes];
        var lanes = stackalloc Vector512<uint>[Lanes];
        // There are eight rows; the rest of the square is filled with the same ones and not looked at.
        for (var i = 0; i < Lanes; i++) rows[i] = (ulong)(values + (i % Blake3.KeyWords));
        LoadBlocks(rows, 0, lanes);
        for (var lane = 0; lane < count; lane++)
        {
            lanes[lane].GetLower().Store((uint*)(output + (lane * Blake3.HashBytes)));
        }
    }

    // Transposes four rows within each 128-bit part; the four results lie four registers apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter(ulong* rows, int offset, Vector512<uint>* parts)
    {
        var r0 = Vector512.Load((uint*)(rows[0] + (ulong)offset));
        var r1 = Vector512.Load((uint*)(rows[1] + (ulong)offset));
        var r2 = Vector512.Load((uint*)(rows[2] + (ulong)offset));
        var r3 = Vector512.Load((uint*)(rows[3] + (ulong)offset));
        var low01 = Avx512F.UnpackLow(r0, r1).AsUInt64();
        var low23 = Avx512F.UnpackLow(r2, r3).AsUInt64();
        var high01 = Avx512F.UnpackHigh(r0, r1).AsUInt64();
        var high23 = Avx512F.UnpackHigh(r2, r3).AsUInt64();
        parts[0] = Avx512F.UnpackLow(low01, low23).AsUInt32();
        parts[4] = Avx512F.UnpackHigh(low01, low23).AsUInt32();
        parts[8] = Avx512F.UnpackLow(high01, high23).AsUInt32();
        parts[12] = Avx512F.UnpackHigh(high01, high23).AsUInt32();
    }
}
