namespace ClaudeFs.Primitives;

public static partial class Limits
{
    /// <summary>Work queued at one loop; more means that its producer has no bound of its own.</summary>
    public const int LoopQueueItemsMax = 1 << 20;

    /// <summary>Unit of the devices: offsets, lengths and addresses of transfers are multiples of it.</summary>
    public const int DeviceBlockBytes = 4096;

    /// <summary>What a disk writes as a whole or not at all, when the power goes.</summary>
    public const int SectorBytes = 512;

    /// <summary>Native memory that a pool of aligned buffers keeps for reuse.</summary>
    public const long AlignedPoolBytesMax = 64L << 20;

    /// <summary>Largest buffer that a pool of aligned buffers keeps; larger ones are freed when returned.</summary>
    public const int AlignedPoolBufferBytesMax = 8 << 20;

    /// <summary>A device grows by steps that end at multiples of this.</summary>
    public const long DeviceGrowthBytes = 1L << 30;

    /// <summary>What a growing device leaves of its file system, for the tables and logs beside it.</summary>
    public const long DeviceGrowthSpareBytes = 64 << 20;

    /// <summary>A growth that was refused, mostly for a full disk, is tried again after this time.</summary>
    public static readonly TimeSpan DeviceGrowthRetry = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of zeros that one write of a growth carries.</summary>
    public const int DeviceGrowthWriteBytes = 1 << 20;

    /// <summary>
    /// Longest device transfer that a caller's thread blocks for, bytes: less than a whole chunk, so that a reader of
    /// many has them side by side.
    /// </summary>
    public const int InlineTransferBytesMax = 32 * 1024;

    /// <summary>A new device is written up to here past its log before it is used; the rest follows in steps.</summary>
    public const long DeviceFirstZoneBytes = 64 << 20;

    /// <summary>Smallest segment: test devices have small ones; 2 MiB is what everything else has.</summary>
    public const int SegmentBytesMin = 128 << 10;

    /// <summary>Fewest places a device must offer: what open segments and compaction need, and some data.</summary>
    public const int DevicePlacesMin = 16;

    /// <summary>Largest device: what the arithmetic of places is sure for.</summary>
    public const long DeviceBytesMax = 1L << 50;

    /// <summary>Longest zone: one segment table and the places that it describes.</summary>
    public const long ZoneBytesMax = 1L << 30;

    /// <summary>The log region is this part of the capacity, within the two bounds below.</summary>
    public const int LogRegionShare = 16;

    /// <summary>Smallest log region of a device that is not tiny.</summary>
    public const long LogRegionBytesMin = 32L << 20;

    /// <summary>Largest log region.</summary>
    public const long LogRegionBytesMax = 256L << 20;

    /// <summary>Largest stored item: a chunk of 64 KiB and what a codec may add to it.</summary>
    public const int StoredItemBytesMax = ChunkBytes + DeviceBlockBytes;

    /// <summary>Items of one put.</summary>
    public const int PutItemsMax = 1024;

    /// <summary>Segments that take chunks at the same time: writers in parallel.</summary>
    public const int OpenChunkSegments = 2;

    /// <summary>Segments that take located writes at the same time.</summary>
    public const int OpenLocatedSegments = 1;

    /// <summary>Places that only compaction may take.</summary>
    public const int CompactionPlacesReserved = 2;

    /// <summary>Places outside the capacity: open segments, compaction and one to spare.</summary>
    public const int ReservedPlacesMin = OpenChunkSegments + OpenLocatedSegments + 1 + CompactionPlacesReserved + 1;

    /// <summary>Of many places one in this many is outside the capacity, so that compaction keeps some slack.</summary>
    public const int ReservedPlacesShare = 32;

    /// <summary>Segments that one round of compaction empties at most.</summary>
    public const int CompactionVictimsMax = 256;

    /// <summary>Closed segments without a directory on the device; more are sealed at once.</summary>
    public const int UnsealedSegmentsMax = 32;

    /// <summary>The device grows ahead of its use when fewer places than this are free.</summary>
    public const int FreePlacesAhead = 256;
}
