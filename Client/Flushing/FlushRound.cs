using System.Collections.Immutable;
using ClaudeFs.Client.Buffers;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Flushing;

/// <summary>One commit's worth of a file's buffered writes, taken under the inode's lock.</summary>
/// <param name="Chunks">Chunks of the flushing layer, ascending; empty for an inline round of an empty file.</param>
/// <param name="Inline">The whole content, when it fits a row; else null.</param>
/// <param name="SizeBytes">The file's size when the round was taken.</param>
/// <param name="WriteTime">Of the last write in it.</param>
/// <param name="KillPrivileges">A writer had no privileges.</param>
/// <param name="Also">Times that go with it.</param>
/// <param name="IsLast">Nothing that the flush has to write is left behind.</param>
internal sealed record FlushRound(
    List<DirtyChunk> Chunks, byte[]? Inline, long SizeBytes, Stamp WriteTime, bool KillPrivileges,
    AttributesChange Also, bool IsLast)
{
    /// <summary>Chunks that could not be filled or put, and why.</summary>
    public FsError LostError { get; set; }

    /// <summary>Memory of the chunks.</summary>
    public long HeldBytes => Chunks.Sum(static chunk => (long)chunk.SlabBytes);
}

/// <summary>What was put of a round.</summary>
/// <param name="Updates">Pieces by extent, ascending.</param>
/// <param name="OldestPin">Oldest garbage epoch of the puts.</param>
/// <param name="StoredBytes">Bytes put.</param>
/// <param name="SpaceBytes">What they take of the store: whole blocks each.</param>
/// <param name="Error">Why something is missing; None when all is there.</param>
internal readonly record struct PutResult(
    ImmutableArray<Extent> Updates, ulong OldestPin, long StoredBytes, long SpaceBytes, FsError Error);
