using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>
/// BLAKE3 with 32 bytes of output, in its three modes. Thread-safe; hashing allocates nothing. Source: "BLAKE3: one
/// function, fast everywhere", O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020.
/// </summary>
public static class Blake3
{
    /// <summary>Bytes of a hash.</summary>
    public const int HashBytes = 32;

    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    internal const int KeyWords = 8;
    internal const int BlockBytes = 64;
    internal const int ChunkBytes = 1024;
    internal const int BlocksPerChunk = ChunkBytes / BlockBytes;

    internal const uint Iv0 = 0x6A09E667;
    internal const uint Iv1 = 0xBB67AE85;
    internal const uint Iv2 = 0x3C6EF372;
    internal const uint Iv3 = 0xA54FF53A;

    // An array, because a span of words over the image allocates in code that is not optimized.
    private static readonly uint[] Iv = [Iv0, Iv1, Iv2, Iv3, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>The fastest way on this processor.</summary>
    internal static readonly Blake3Tier BestTier = FindBestTier();

    /// <summary>Writes the hash of <paramref name="input"/> to the first 32 bytes of <paramref name="hash"/>.</summary>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> hash) => Hash(input, hash, BestTier);

    /// <summary>
    /// Writes the hash of <paramref name="input"/> under a 32-byte <paramref name="key"/> to the first 32 bytes of
    /// <paramref name="hash"/>: a pseudorandom function and a message authentication code.
    /// </summary>
    public static void KeyedHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> hash) =>
        KeyedHash(key, input, hash, BestTier);

    /// <summary>
    /// Derives a key from <paramref name="material"/>, to the first 32 bytes of <paramref name="derived"/>.
    /// </summary>
    /// <param name="context">A constant text that says what the key is for, unique to that purpose.</param>
    /// <param name="material">Secret bytes of any length; no password.</param>
    /// <param name="derived">At least 32 bytes.</param>
    public static void DeriveKey(string context, ReadOnlySpan<byte> material, Span<byte> derived) =>
        DeriveKey(context, material, derived, BestTier);

    internal static bool IsSupported(Blake3Tier tier) => tier switch
    {
        Blake3Tier.Scalar => true,
        Blake3Tier.Vector256 => Avx2.IsSupported,
        Blake3Tier.Vector512 => Avx512F.IsSupported && Avx2.IsSupported && Vector512.IsHardwareAccelerated,
        _ => false,
    };

    internal static void Hash(ReadOnlySpan<byte> input, Span<byte> hash, Blake3Tier tier) =>
        new Blake3Tree(Iv, 0, tier).Root(input, hash);

    internal static void KeyedHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> hash, Blake3Tier tier)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyBytes, nameof(key));
        new Blake3Tree(MemoryMarshal.Cast<byte, uint>(key), Blake3Flags.KeyedHash, tier).Root(input, hash);
    }

    internal static void DeriveKey(string context, ReadOnlySpan<byte> material, Span<byte> derived, Blake3Tier tier)
    {
        ArgumentNullException.ThrowIfNull(context);
        Span<byte> contextKey = stackalloc byte[KeyBytes];
        var contextBytes = Encoding.UTF8.GetBytes(context);
        new Blake3Tree(Iv, Blake3Flags.DeriveKeyContext, tier).Root(contextBytes, contextKey);
        var key = MemoryMarshal.Cast<byte, uint>(contextKey);
        new Blake3Tree(key, Blake3Flags.DeriveKeyMaterial, tier).Root(material, derived);
    }

    private static Blake3Tier FindBestTier()
    {
        if (IsSupported(Blake3Tier.Vector512)) return Blake3Tier.Vector512;
        return IsSupported(Blake3Tier.Vector256) ? Blake3Tier.Vector256 : Blake3Tier.Scalar;
    }
}
