using ClaudeFs.Primitives;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>
/// Names the chunks of one tenant: equal bytes get equal names within the tenant and unrelated ones in another, so that
/// a name tells nothing to who lacks the key. Thread-safe, allocates nothing.
/// </summary>
public sealed class ChunkNamer
{
    private readonly byte[] _tenantKey;

    /// <summary>Keeps a copy of the tenant's 32-byte key.</summary>
    public ChunkNamer(ReadOnlySpan<byte> tenantKey)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(tenantKey.Length, Blake3.KeyBytes, nameof(tenantKey));
        _tenantKey = tenantKey.ToArray();
    }

    /// <summary>The keyed BLAKE3 of a chunk's bytes before coding; any length.</summary>
    public Fingerprint Name(ReadOnlySpan<byte> plaintext)
    {
        Span<byte> hash = stackalloc byte[Blake3.HashBytes];
        Blake3.KeyedHash(_tenantKey, plaintext, hash);
        return Fingerprint.Read(hash);
    }
}
