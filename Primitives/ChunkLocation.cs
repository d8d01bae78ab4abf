using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>
/// Number of a segment, a 2 MiB container; it keeps its id wherever it moves; never reused, 0 is none.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.segment")]
public readonly record struct SegmentId(ulong Value);

/// <summary>
/// Where stored bytes were put first: a segment and a slot, the byte offset in the segment in units of
/// <see cref="SlotBytes"/>. The block server follows what compaction moved; the location stays the name.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.location")]
public readonly record struct ChunkLocation(SegmentId Segment, uint Slot)
{
    public const int SlotBytes = 64;

    public bool IsNone => Segment.Value == 0;
}
