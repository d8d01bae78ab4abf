using System.Buffers.Binary;
using System.Numerics;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// The hash by which names are ordered in a directory: SipHash-2-4 under a key of the file system, so that nobody can
/// choose names that collide. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
/// </summary>
/// <param name="key0">First half of the key.</param>
/// <param name="key1">Second half of the key.</param>
/// <param name="bits">Bits of the hash that are used: 52; fewer in tests of collisions.</param>
internal sealed class NameHash(ulong key0, ulong key1, int bits = NameHash.Bits)
{
    public const int Bits = 52;
    public const int IndexBits = 8;
    public const ulong IndexMax = (1UL << IndexBits) - 1;
    private const int FinalRounds = 4;

    /// <summary>
    /// The key of the first name with this hash: hash * 256, never below 256 (0 to 2 are no entries).
    /// </summary>
    public ulong FirstKey(ReadOnlySpan<byte> name)
    {
        var hash = Compute(name) >> (64 - bits);
        return Math.Max(hash, 1) << IndexBits;
    }

    /// <summary>The hash of a file system.</summary>
    public static NameHash Of(FileSystemIdentity identity) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(identity.NameKey.Span),
        BinaryPrimitives.ReadUInt64LittleEndian(identity.NameKey.Span[sizeof(ulong)..]));

    internal ulong Compute(ReadOnlySpan<byte> source)
    {
        var v0 = key0 ^ 0x736f6d6570736575UL;
        var v1 = key1 ^ 0x646f72616e646f6dUL;
        var v2 = key0 ^ 0x6c7967656e657261UL;
        var v3 = key1 ^ 0x7465646279746573UL;
        var last = (ulong)source.Length << 56;
        while (source.Length >= sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(source);
            v3 ^= word;
            Round(ref v0, ref v1, ref v2, ref v3);
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
            source = source[sizeof(ulong)..];
        }

        for (var i = 0; i < source.Length; i++) last |= (ulong)source[i] << (8 * i);
        v3 ^= last;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;
        v2 ^= 0xff;
        for (var i = 0; i < FinalRounds; i++) Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
