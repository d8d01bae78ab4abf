using System.Buffers.Binary;

namespace ClaudeFs.Primitives;

public static partial class Crc32c
{
    /// <summary>
    /// Finds the one bit whose change gives the bytes the checksum that they should have; -1 when no single bit does.
    /// The answer is sure for up to 256 MiB: the code's distance is four there, so what two or three bits have changed
    /// never looks like one. Bytes that are wrong altogether look like it once in 2^29 / length times: whoever has
    /// another proof (a fingerprint, a number that must be there) asks it too.
    /// </summary>
    /// <param name="source">The bytes as they are.</param>
    /// <param name="expected">The checksum that they had.</param>
    public static long FindFlippedBit(ReadOnlySpan<byte> source, uint expected)
    {
        var syndrome = Compute(source) ^ expected;
        if (syndrome == 0) return -1;

        // What the last bit adds to the checksum, then each one before it: a step of the shift register further.
        var effect = ReflectedPolynomial;
        for (var bit = (source.Length * 8L) - 1; bit >= 0; bit--)
        {
            if (effect == syndrome) return bit;
            effect = (effect >> 1) ^ ((effect & 1) == 0 ? 0 : ReflectedPolynomial);
        }

        return -1;
    }

    /// <summary>
    /// As <see cref="FindFlippedBit(ReadOnlySpan{byte}, uint)"/> of bytes that a power cut may have torn: -1 also when
    /// the sector with the bit is all zeros. Such a one was never written, and would have held that bit alone.
    /// </summary>
    /// <param name="source">The bytes as they are.</param>
    /// <param name="expected">The checksum that they had.</param>
    /// <param name="offset">Where on the device they begin.</param>
    public static long FindFlippedBit(ReadOnlySpan<byte> source, uint expected, long offset)
    {
        var bit = FindFlippedBit(source, expected);
        if (bit < 0) return bit;
        var sector = (offset + (bit / 8)) / Limits.SectorBytes * Limits.SectorBytes;
        var start = (int)Math.Max(0, sector - offset);
        var end = (int)Math.Min(source.Length, sector + Limits.SectorBytes - offset);
        return source[start..end].ContainsAnyExcept((byte)0) ? bit : -1;
    }

    /// <summary>
    /// Turns back the one flipped bit of a record that ends with the checksum of the bytes before; false, and nothing
    /// changed, when it is whole or no single bit explains it.
    /// </summary>
    public static bool TryMend(Span<byte> record)
    {
        var body = record[..^sizeof(uint)];
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(record[^sizeof(uint)..]);
        var computed = Compute(body);
        if (computed == stored) return false;
        if (System.Numerics.BitOperations.IsPow2(computed ^ stored))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(record[^sizeof(uint)..], computed);
            return true;
        }

        var bit = FindFlippedBit(body, stored);
        if (bit >= 0) Flip(body, bit);
        return bit >= 0;
    }

    /// <summary>Changes a bit that was found.</summary>
    public static void Flip(Span<byte> bytes, long bit) => bytes[(int)(bit / 8)] ^= (byte)(1 << (int)(bit % 8));
}
