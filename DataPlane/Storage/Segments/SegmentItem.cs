using ClaudeFs.Platform.Memory;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>A live item of a segment: how often it is referenced, and where it lies if compaction moved it.</summary>
internal struct SegmentItem
{
    /// <summary>Where it was put first, in units of 64 bytes; with the segment, its name.</summary>
    public uint Slot;

    public uint StoredBytes;
    public uint Checksum;
    public int Count;

    /// <summary>The garbage epoch in which it was last put, referenced or let go.</summary>
    public ulong LastEpoch;

    /// <summary>The segment that it was moved to; null while it lies where it was put.</summary>
    public Segment? Host;

    /// <summary>Where it lies in <see cref="Host"/>.</summary>
    public uint HostSlot;

    /// <summary>Bytes of device that it takes.</summary>
    public readonly int SpaceBytes => SpaceOf(StoredBytes);

    public static int SpaceOf(uint storedBytes) => AlignedMemory.RoundUp((int)storedBytes);
}

/// <summary>An item of another segment that compaction moved into this one.</summary>
internal readonly record struct Guest(Segment Origin, uint OriginSlot, uint Slot);
