using System.Buffers.Binary;
using System.Globalization;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>
/// The first page of a device, kept twice; the readable copy with the higher sequence counts. See docs/spec/segment.md.
/// </summary>
/// <param name="FileSystem">The file system that the device belongs to.</param>
/// <param name="DeviceId">Tells apart the devices of one file system.</param>
/// <param name="Sequence">Grows with every write of a superblock.</param>
/// <param name="OpenCount">How often the device was opened for writing: the upper half of its segment ids.</param>
/// <param name="Geometry">Where things lie.</param>
/// <param name="WrittenBytes">How much of the device is written and in use; at most the capacity.</param>
/// <param name="Incarnation">How often the file system was restored.</param>
/// <param name="Created">When the device was formatted.</param>
public readonly record struct Superblock(
    FileSystemId FileSystem, ulong DeviceId, ulong Sequence, uint OpenCount, DeviceGeometry Geometry, long WrittenBytes,
    ulong Incarnation, Stamp Created)
{
    /// <summary>Bytes of a superblock.</summary>
    public const int SizeBytes = 4096;

    /// <summary>The only version that this program reads and writes.</summary>
    public const uint Version = 1;

    private const int SectorBytes = 512;
    private const int SectorChecksumOffset = SectorBytes - sizeof(uint);
    private const int ChecksumOffset = SizeBytes - sizeof(uint);

    private static ReadOnlySpan<byte> Magic => "ClaudeFS"u8;

    /// <summary>Reads 4096 bytes; null when they are a superblock, else what was found instead of what.</summary>
    public static string? TryRead(ReadOnlySpan<byte> source, out Superblock superblock)
    {
        superblock = default;
        source = source[..SizeBytes];
        if (!source[..8].SequenceEqual(Magic))
        {
            return $"no superblock: expected magic {Convert.ToHexString(Magic)}, "
                + $"found {Convert.ToHexString(source[..8])}";
        }

        var stored = BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]);
        var computed = Crc32c.Compute(source[..ChecksumOffset]);
        if (stored != computed) return Format($"damaged superblock: expected CRC32C {computed:x8}, found {stored:x8}");

        if (FindOtherVersion(source) is { } version) return FormatVersion.Describe("the superblock", version, Version);

        superblock = Decode(source);
        var fault = superblock.Geometry.FindFault();
        var (zones, capacity) = (superblock.Geometry.ZonesOffsetBytes, superblock.Geometry.CapacityBytes);
        if (fault is null && (superblock.WrittenBytes < zones || superblock.WrittenBytes > capacity))
        {
            fault = "count of written bytes";
        }

        return fault is null ? null : Format($"superblock with an impossible {fault}");
    }

    /// <summary>The version of a whole superblock that is not of this one; null for all else.</summary>
    public static uint? FindOtherVersion(ReadOnlySpan<byte> source)
    {
        var version = BinaryPrimitives.ReadUInt32LittleEndian(source[8..]);
        if (version == Version || !source[..8].SequenceEqual(Magic)) return null;
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..SizeBytes]);
        return stored == Crc32c.Compute(source[..ChecksumOffset]) ? version : null;
    }

    /// <summary>
    /// Whether these 4096 bytes are zeros, or a superblock of which a power cut left only some 512-byte sectors.
    /// </summary>
    public static bool IsBlankOrTorn(ReadOnlySpan<byte> source)
    {
        if (TryRead(source, out _) is null || FindOtherVersion(source) is not null) return false;
        return source[..8].SequenceEqual(Magic) || source[..SectorBytes].IndexOfAnyExcept((byte)0) < 0;
    }

    /// <summary>Writes 4096 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination = destination[..SizeBytes];
        destination.Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Version);
        FileSystem.Write(destination[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], DeviceId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[48..], OpenCount);
        BinaryPrimitives.WriteInt32LittleEndian(destination[52..], Geometry.SegmentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[56..], Geometry.LogOffsetBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[64..], Geometry.LogBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[72..], Geometry.ZonesOffsetBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[80..], Geometry.ZoneBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[88..], Geometry.CapacityBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[96..], WrittenBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[104..], Incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(destination[112..], Created.Nanoseconds);
        // Bytes with their own CRC behind them leave every CRC in the same state: so the last checksum is the same for
        // all superblocks, and a copy of which a power cut left the first sector of one and the last of another is
        // whole.
        BinaryPrimitives.WriteUInt32LittleEndian(
            destination[SectorChecksumOffset..], Crc32c.Compute(destination[..SectorChecksumOffset]));
        BinaryPrimitives.WriteUInt32LittleEndian(
            destination[ChecksumOffset..], Crc32c.Compute(destination[..ChecksumOffset]));
    }

    private static Superblock Decode(ReadOnlySpan<byte> source) => new(
        FileSystemId.Read(source[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
        BinaryPrimitives.ReadUInt32LittleEndian(source[48..]),
        new DeviceGeometry(
            BinaryPrimitives.ReadInt64LittleEndian(source[88..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[52..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[56..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[64..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[72..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[80..])),
        BinaryPrimitives.ReadInt64LittleEndian(source[96..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[104..]),
        new Stamp(BinaryPrimitives.ReadInt64LittleEndian(source[112..])));

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
