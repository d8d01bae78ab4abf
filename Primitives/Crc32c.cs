using System.Buffers.Binary;
using System.Runtime.Intrinsics.X86;

namespace ClaudeFs.Primitives;

/// <summary>
/// CRC-32C (Castagnoli, polynomial 0x1EDC6F41, reflected, inverted at both ends), the checksum of everything stored or
/// sent. Source: RFC 3720 appendix B.4.
/// </summary>
public static partial class Crc32c
{
    private const uint ReflectedPolynomial = 0x82F63B78;
    private const int TableCount = 8;
    private const int TableEntries = 256;

    private static readonly uint[] Tables = BuildTables();
    private static readonly Crc32cTier BestTier = FindBestTier();

    /// <summary>The checksum of <paramref name="source"/>; 0 when it is empty.</summary>
    public static uint Compute(ReadOnlySpan<byte> source) => Append(0, source, BestTier);

    /// <summary>
    /// The checksum of some bytes followed by <paramref name="source"/>, where <paramref name="crc"/> is the checksum
    /// of those bytes (0 for none).
    /// </summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> source) => Append(crc, source, BestTier);

    /// <summary>Whether this processor has what <paramref name="tier"/> needs.</summary>
    internal static bool IsSupported(Crc32cTier tier) => tier switch
    {
        Crc32cTier.Scalar => true,
        Crc32cTier.Instruction => IsInstructionSupported,
        Crc32cTier.Fold128 => Sse42.X64.IsSupported && Pclmulqdq.IsSupported,
        Crc32cTier.Fold512 => Sse42.X64.IsSupported && Pclmulqdq.V512.IsSupported,
        _ => false,
    };

    /// <summary>
    /// As the public overload, computed by <paramref name="tier"/>, which the processor must support.
    /// </summary>
    internal static uint Append(uint crc, ReadOnlySpan<byte> source, Crc32cTier tier)
    {
        var state = ~crc;
        if (tier == Crc32cTier.Fold512 && source.Length >= Fold512BytesMin)
        {
            state = AppendFold512(state, ref source);
        }
        else if (tier >= Crc32cTier.Fold128 && source.Length >= Fold128BytesMin)
        {
            state = AppendFold128(state, ref source);
        }

        state = tier == Crc32cTier.Scalar ? AppendScalar(state, source) : AppendInstruction(state, source);
        return ~state;
    }

    private static Crc32cTier FindBestTier()
    {
        for (var tier = Crc32cTier.Fold512; tier > Crc32cTier.Scalar; tier--)
        {
            if (IsSupported(tier)) return tier;
        }

        return Crc32cTier.Scalar;
    }

    private static uint AppendScalar(uint state, ReadOnlySpan<byte> source)
    {
        var tables = Tables;
        while (source.Length >= sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(source) ^ state;
            state = 0;
            for (var i = 0; i < TableCount; i++)
            {
                state ^= tables[((TableCount - 1 - i) * TableEntries) + (byte)(word >> (8 * i))];
            }

            source = source[sizeof(ulong)..];
        }

        foreach (var b in source) state = (state >> 8) ^ tables[(byte)(state ^ b)];
        return state;
    }

    // Table n holds the effect of a byte that n further bytes follow.
    private static uint[] BuildTables()
    {
        var tables = new uint[TableCount * TableEntries];
        for (var b = 0; b < TableEntries; b++)
        {
            var value = (uint)b;
            for (var bit = 0; bit < 8; bit++) value = (value >> 1) ^ ((value & 1) * ReflectedPolynomial);
            tables[b] = value;
        }

        for (var i = TableEntries; i < tables.Length; i++)
        {
            var value = tables[i - TableEntries];
            tables[i] = (value >> 8) ^ tables[(byte)value];
        }

        return tables;
    }
}
