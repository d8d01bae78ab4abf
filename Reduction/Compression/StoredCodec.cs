namespace ClaudeFs.Reduction.Compression;

/// <summary>Codec "none", number 0: the bytes as they are.</summary>
public sealed class StoredCodec : IChunkCodec
{
    /// <summary>Its number.</summary>
    public const byte Number = 0;

    private StoredCodec()
    {
    }

    /// <summary>The only instance: it has no state.</summary>
    public static StoredCodec Instance { get; } = new();

    /// <inheritdoc/>
    public byte Id => Number;

    /// <inheritdoc/>
    public int EncodedBytesMax(int plainBytes) => plainBytes;

    /// <inheritdoc/>
    public bool TryEncode(ReadOnlySpan<byte> plain, Span<byte> destination, out int encodedBytes)
    {
        encodedBytes = 0;
        if (!plain.TryCopyTo(destination)) return false;
        encodedBytes = plain.Length;
        return true;
    }

    /// <inheritdoc/>
    public bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> destination) =>
        encoded.Length == destination.Length && encoded.TryCopyTo(destination);
}
