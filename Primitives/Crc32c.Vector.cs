using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ClaudeFs.Primitives;

// The wide tiers. Folding: a 128-bit accumulator stands for message bits that D later bits follow; multiplying its
// halves by x^(D+32) and x^(D-32) modulo the polynomial moves it D bits on, where it is added to the data found there.
// Optimised at the first call: code compiled ahead has no wide vectors, and the first megabytes of a new process would
// go through unoptimised code.
// Source: Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009.
public static partial class Crc32c
{
    private const int Fold128BytesMin = 64;
    private const int Fold512BytesMin = 256;

    private static bool IsInstructionSupported =>
        Sse42.X64.IsSupported || System.Runtime.Intrinsics.Arm.Crc32.Arm64.IsSupported;

    // Per distance: multipliers of the earlier (low) and the later (high) half.
    private static Vector128<ulong> By128Bits => Vector128.Create(0xF20C0DFEUL, 0x493C7D27UL);
    private static Vector128<ulong> By512Bits => Vector128.Create(0x740EEF02UL, 0x9E4ADDF8UL);
    private static Vector128<ulong> By2048Bits => Vector128.Create(0xDCB17AA4UL, 0xB9E02B86UL);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint AppendInstruction(uint state, ReadOnlySpan<byte> source)
    {
        while (source.Length >= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(source));
            source = source[sizeof(ulong)..];
        }

        foreach (var b in source) state = BitOperations.Crc32C(state, b);
        return state;
    }

    // Precondition: at least Fold128BytesMin. Leaves in source the bytes it did not take, fewer than 16.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint AppendFold128(uint state, ref ReadOnlySpan<byte> source)
    {
        var words = MemoryMarshal.Cast<byte, Vector128<ulong>>(source);
        var a0 = words[0] ^ Vector128.CreateScalar((ulong)state);
        var (a1, a2, a3) = (words[1], words[2], words[3]);
        var i = 4;
        for (; i <= words.Length - 4; i += 4)
        {
            var block = words.Slice(i, 4);
            a0 = Fold(a0, By512Bits, block[0]);
            a1 = Fold(a1, By512Bits, block[1]);
            a2 = Fold(a2, By512Bits, block[2]);
            a3 = Fold(a3, By512Bits, block[3]);
        }

        var rest = Fold(Fold(Fold(a0, By128Bits, a1), By128Bits, a2), By128Bits, a3);
        for (; i < words.Length; i++) rest = Fold(rest, By128Bits, words[i]);
        source = source[(words.Length * Vector128<byte>.Count)..];
        return Reduce(rest);
    }

    // Precondition: at least Fold512BytesMin. Leaves in source the bytes it did not take, fewer than 64.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint AppendFold512(uint state, ref ReadOnlySpan<byte> source)
    {
        var words = MemoryMarshal.Cast<byte, Vector512<ulong>>(source);
        var (by2048, by512) = (Spread(By2048Bits), Spread(By512Bits));
        var a0 = words[0] ^ Vector512.CreateScalar((ulong)state);
        var (a1, a2, a3) = (words[1], words[2], words[3]);
        var i = 4;
        for (; i <= words.Length - 4; i += 4)
        {
            var block = words.Slice(i, 4);
            a0 = Fold(a0, by2048, block[0]);
            a1 = Fold(a1, by2048, block[1]);
            a2 = Fold(a2, by2048, block[2]);
            a3 = Fold(a3, by2048, block[3]);
        }

        var wide = Fold(Fold(Fold(a0, by512, a1), by512, a2), by512, a3);
        for (; i < words.Length; i++) wide = Fold(wide, by512, words[i]);
        source = source[(words.Length * Vector512<byte>.Count)..];

        var (low, high) = (wide.GetLower(), wide.GetUpper());
        var rest = Fold(low.GetLower(), By128Bits, low.GetUpper());
        return Reduce(Fold(Fold(rest, By128Bits, high.GetLower()), By128Bits, high.GetUpper()));
    }

    private static Vector512<ulong> Spread(Vector128<ulong> value) =>
        Vector512.Create(Vector256.Create(value, value), Vector256.Create(value, value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Fold(Vector128<ulong> accumulator, Vector128<ulong> multipliers,
        Vector128<ulong> data) =>
        Pclmulqdq.CarrylessMultiply(accumulator, multipliers, 0x00)
        ^ Pclmulqdq.CarrylessMultiply(accumulator, multipliers, 0x11) ^ data;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<ulong> Fold(Vector512<ulong> accumulator, Vector512<ulong> multipliers,
        Vector512<ulong> data) =>
        Pclmulqdq.V512.CarrylessMultiply(accumulator, multipliers, 0x00)
        ^ Pclmulqdq.V512.CarrylessMultiply(accumulator, multipliers, 0x11) ^ data;

    private static uint Reduce(Vector128<ulong> rest) =>
        BitOperations.Crc32C(BitOperations.Crc32C(0, rest[0]), rest[1]);
}
