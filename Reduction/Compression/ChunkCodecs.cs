using System.Diagnostics.CodeAnalysis;

namespace ClaudeFs.Reduction.Compression;

/// <summary>The codecs that this build knows, by number.</summary>
public static class ChunkCodecs
{
    /// <summary>
    /// Finds a codec. False for a number that this build does not know: the chunk was written by a newer one, and
    /// whoever reads it stops.
    /// </summary>
    public static bool TryFind(byte id, [NotNullWhen(true)] out IChunkCodec? codec)
    {
        codec = id == StoredCodec.Number ? StoredCodec.Instance : null;
        return codec is not null;
    }
}
