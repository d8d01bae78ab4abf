using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>
/// Where things lie on a device: superblocks, log region, then zones, each a segment table and its places. All numbers
/// are bytes and multiples of 4096; fixed when the device is formatted, but for the capacity, which may grow.
/// </summary>
/// <param name="CapacityBytes">What the device may grow to.</param>
/// <param name="SegmentBytes">Size of a place; a power of two, 2 MiB but in tests.</param>
/// <param name="LogOffsetBytes">Where the log region begins.</param>
/// <param name="LogBytes">Its length.</param>
/// <param name="ZonesOffsetBytes">Where zone 0 begins.</param>
/// <param name="ZoneBytes">Distance from zone to zone; the last one may be cut short.</param>
public readonly record struct DeviceGeometry(
    long CapacityBytes, int SegmentBytes, long LogOffsetBytes, long LogBytes, long ZonesOffsetBytes, long ZoneBytes)
{
    /// <summary>Bytes before the log region: both superblocks, and room.</summary>
    public const long HeaderBytes = 1 << 20;

    /// <summary>Where the second superblock lies: far enough away that no torn write hits both.</summary>
    public const long SecondSuperblockOffset = 512 << 10;

    /// <summary>Places of a whole zone: its first frame holds the table.</summary>
    public int PlacesPerZone => (int)(ZoneBytes / SegmentBytes) - 1;

    /// <summary>The layout for a new device of this capacity.</summary>
    public static DeviceGeometry For(long capacityBytes, int segmentBytes = Limits.SegmentBytes)
    {
        Invariant.That(segmentBytes >= Limits.SegmentBytesMin && (segmentBytes & (segmentBytes - 1)) == 0);
        var capacity = capacityBytes / segmentBytes * segmentBytes;
        var logBytes = capacity < Limits.LogRegionBytesMin * Limits.LogRegionShare
            ? capacity / Limits.LogRegionShare
            : Math.Clamp(capacity / Limits.LogRegionShare, Limits.LogRegionBytesMin, Limits.LogRegionBytesMax);
        var zones = RoundUp(HeaderBytes + logBytes, segmentBytes);
        var zoneBytes = Math.Min(
            Limits.ZoneBytesMax, (long)segmentBytes * (segmentBytes / SegmentTableEntry.SizeBytes));
        return new DeviceGeometry(capacity, segmentBytes, HeaderBytes, zones - HeaderBytes, zones, zoneBytes);
    }

    /// <summary>How many places a device has of which this much is written; their numbers are dense from 0.</summary>
    public int PlacesIn(long writtenBytes)
    {
        var bytes = writtenBytes - ZonesOffsetBytes;
        if (bytes <= 0) return 0;
        var whole = bytes / ZoneBytes;
        var cut = Math.Max(0, (bytes % ZoneBytes / SegmentBytes) - 1);
        return checked((int)((whole * PlacesPerZone) + cut));
    }

    /// <summary>Where a place begins on the device.</summary>
    public long PlaceOffset(int place) =>
        ZonesOffsetBytes + (place / PlacesPerZone * ZoneBytes) + ((long)(1 + (place % PlacesPerZone)) * SegmentBytes);

    /// <summary>Where a place's 64-byte table entry lies on the device.</summary>
    public long EntryOffset(int place) =>
        ZonesOffsetBytes + (place / PlacesPerZone * ZoneBytes)
        + ((long)(place % PlacesPerZone) * SegmentTableEntry.SizeBytes);

    /// <summary>
    /// Why these numbers cannot be a layout; null when they can. Guards against nonsense with a good CRC.
    /// </summary>
    public string? FindFault()
    {
        if (SegmentBytes < Limits.SegmentBytesMin || (SegmentBytes & (SegmentBytes - 1)) != 0) return "segment size";
        if (CapacityBytes is < 0 or > Limits.DeviceBytesMax) return "capacity";
        if (CapacityBytes / SegmentBytes > int.MaxValue) return "capacity";
        if (LogOffsetBytes != HeaderBytes || LogBytes <= 0 || LogBytes > CapacityBytes) return "log region";
        if (LogBytes % Limits.DeviceBlockBytes != 0) return "log region";
        if (ZonesOffsetBytes < LogOffsetBytes + LogBytes) return "zones' offset";
        if (ZonesOffsetBytes % SegmentBytes != 0) return "zones' offset";
        if (ZoneBytes > Limits.ZoneBytesMax) return "zone size";
        if (ZoneBytes < 2L * SegmentBytes || ZoneBytes % SegmentBytes != 0) return "zone size";
        if (PlacesPerZone > SegmentBytes / SegmentTableEntry.SizeBytes) return "zone size";
        if (CapacityBytes < ZonesOffsetBytes || CapacityBytes % SegmentBytes != 0) return "capacity";
        return null;
    }

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;
}
