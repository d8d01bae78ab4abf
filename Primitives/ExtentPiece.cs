using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>What a piece of an extent is made of. Numbers are on disk.</summary>
public enum PieceKind
{
    /// <summary>In an update: the range becomes a hole. Never stored: a hole is the absence of a piece.</summary>
    Hole = 0,

    /// <summary>Part of a chunk, named by its fingerprint.</summary>
    Chunk = 1,

    /// <summary>A located write of up to 4 KiB, not fingerprinted.</summary>
    Located = 2,

    /// <summary>Allocated, not written: reads as zeros (fallocate).</summary>
    Unwritten = 3,

    /// <summary>
    /// What was stored is lost, as a repair has found: reading is EIO until it is written over. From cluster.level 2
    /// on.
    /// </summary>
    Lost = 4,
}

/// <summary>
/// A byte range of an extent (an aligned 1 MiB of a file) and where its bytes are stored.
/// </summary>
/// <param name="Offset">First byte, relative to the extent; 0 to 1 MiB - 1.</param>
/// <param name="Length">Bytes of the file covered; at least 1, the end is within the extent.</param>
/// <param name="Kind">What it is made of.</param>
/// <param name="Codec">How the stored bytes are coded: 0 is none.</param>
/// <param name="Location">Where the stored bytes were put; none for holes and unwritten pieces.</param>
/// <param name="StoredBytes">Length of what is stored there.</param>
/// <param name="SkipBytes">Where in the decoded bytes this piece begins.</param>
/// <param name="Checksum">CRC32C of the stored bytes.</param>
/// <param name="Fingerprint">Keyed BLAKE3 of the decoded bytes; zero unless a chunk.</param>
[GenerateSerializer, Immutable, Alias("fs.piece")]
public readonly record struct ExtentPiece(
    uint Offset, uint Length, PieceKind Kind, byte Codec, ChunkLocation Location, uint StoredBytes, uint SkipBytes,
    uint Checksum, Fingerprint Fingerprint)
{
    /// <summary>First byte after the piece, relative to the extent.</summary>
    public uint End => Offset + Length;

    /// <summary>Whether the piece refers to stored bytes, and so counts as a reference.</summary>
    public bool IsStored => Kind is PieceKind.Chunk or PieceKind.Located;

    /// <summary>Whether the piece is data, there or lost, rather than zeros.</summary>
    public bool IsData => IsStored || Kind == PieceKind.Lost;
}
