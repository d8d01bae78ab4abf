namespace ClaudeFs.Reduction.Compression;

/// <summary>One way to code a chunk for storage; its number is stored beside the chunk for ever. Thread-safe.</summary>
public interface IChunkCodec
{
    /// <summary>Number on disk and on the wire.</summary>
    byte Id { get; }

    /// <summary>Most bytes that coding <paramref name="plainBytes"/> may yield.</summary>
    int EncodedBytesMax(int plainBytes);

    /// <summary>
    /// Codes <paramref name="plain"/>; false when it does not fit <paramref name="destination"/>, whose content is then
    /// undefined: the caller stores the chunk with <see cref="StoredCodec"/> instead.
    /// </summary>
    bool TryEncode(ReadOnlySpan<byte> plain, Span<byte> destination, out int encodedBytes);

    /// <summary>
    /// Decodes into all of <paramref name="destination"/>, whose length is the chunk's; false when
    /// <paramref name="encoded"/> does not decode to exactly that many bytes. Never reads or writes outside the two.
    /// </summary>
    bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> destination);
}
