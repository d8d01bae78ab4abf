using System.Buffers.Binary;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>
/// The directory of a sealed segment: it ends where the segment ends, with a trailer of 64 bytes; entries lie before
/// it, the first one next to it. See docs/spec/segment.md.
/// </summary>
public static class SegmentDirectory
{
    private const uint Magic = 0x52494453;   // "SDIR"
    private const byte Version = 1;
    private const int TrailerBytes = DirectoryEntry.SizeBytes;
    private const int ChecksumOffset = TrailerBytes - sizeof(uint);

    /// <summary>Whole blocks that a directory of <paramref name="count"/> entries takes from its segment.</summary>
    public static int BytesFor(int count)
    {
        var bytes = TrailerBytes + (count * DirectoryEntry.SizeBytes);
        return (bytes + Limits.DeviceBlockBytes - 1) / Limits.DeviceBlockBytes * Limits.DeviceBlockBytes;
    }

    /// <summary>Most entries that a segment's directory can have: one a block.</summary>
    public static int CountMax(int segmentBytes) => segmentBytes / Limits.DeviceBlockBytes;

    /// <summary>Fills <paramref name="tail"/>, the last <see cref="BytesFor"/> bytes of the segment.</summary>
    public static void Write(Span<byte> tail, SegmentId segment, IReadOnlyList<DirectoryEntry> entries)
    {
        Invariant.That(tail.Length == BytesFor(entries.Count));
        tail.Clear();
        for (var i = 0; i < entries.Count; i++) entries[i].Write(tail[EntryOffset(tail.Length, i)..]);

        var trailer = tail[^TrailerBytes..];
        var entryBytes = entries.Count * DirectoryEntry.SizeBytes;
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, Magic);
        trailer[4] = Version;
        BinaryPrimitives.WriteUInt64LittleEndian(trailer[8..], segment.Value);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[16..], entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(
            trailer[20..], Crc32c.Compute(tail[^(TrailerBytes + entryBytes)..^TrailerBytes]));
        BinaryPrimitives.WriteUInt32LittleEndian(
            trailer[ChecksumOffset..], Crc32c.Compute(trailer[..ChecksumOffset]));
    }

    /// <summary>
    /// Reads the trailer in the last bytes of <paramref name="tail"/>: how many entries there are. Null when it is
    /// good, else what is wrong with it.
    /// </summary>
    public static string? TryReadTrailer(ReadOnlySpan<byte> tail, SegmentId segment, int segmentBytes, out int count)
    {
        count = 0;
        var trailer = tail[^TrailerBytes..];
        if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != Magic) return "no directory";
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(trailer[ChecksumOffset..]);
        if (stored != Crc32c.Compute(trailer[..ChecksumOffset])) return "directory trailer with a wrong checksum";
        if (trailer[4] != Version) return "directory of another version";
        var owner = BinaryPrimitives.ReadUInt64LittleEndian(trailer[8..]);
        if (owner != segment.Value) return "directory of another segment";
        var entries = BinaryPrimitives.ReadInt32LittleEndian(trailer[16..]);
        if (entries < 0 || entries > CountMax(segmentBytes)) return "directory with an impossible count";
        count = entries;
        return null;
    }

    /// <summary>Whose directory it is, of a place whose table entry is damaged; false when there is none.</summary>
    public static bool TryReadOwner(ReadOnlySpan<byte> tail, out SegmentId segment)
    {
        var trailer = tail[^TrailerBytes..];
        segment = new SegmentId(BinaryPrimitives.ReadUInt64LittleEndian(trailer[8..]));
        return TryReadTrailer(tail, segment, int.MaxValue, out _) is null;
    }

    /// <summary>
    /// Reads all entries from the last <see cref="BytesFor"/> bytes of a segment. Null when they are good, else what is
    /// wrong.
    /// </summary>
    public static string? TryRead(
        ReadOnlySpan<byte> tail, SegmentId segment, int segmentBytes, List<DirectoryEntry> entries)
    {
        entries.Clear();
        var fault = TryReadTrailer(tail, segment, segmentBytes, out var count);
        if (fault is not null) return fault;
        if (tail.Length < BytesFor(count)) return "directory cut short";

        var entryBytes = count * DirectoryEntry.SizeBytes;
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(tail[^TrailerBytes..][20..]);
        if (stored != Crc32c.Compute(tail[^(TrailerBytes + entryBytes)..^TrailerBytes]))
        {
            return "directory entries with a wrong checksum";
        }

        for (var i = 0; i < count; i++)
        {
            if (!DirectoryEntry.TryRead(tail[EntryOffset(tail.Length, i)..], out var entry)) return "damaged entry";
            var end = ((long)entry.Slot * ChunkLocation.SlotBytes) + entry.StoredBytes;
            if (entry.StoredBytes is 0 or > Limits.StoredItemBytesMax || end > segmentBytes) return "impossible entry";
            entries.Add(entry);
        }

        return null;
    }

    private static int EntryOffset(int tailBytes, int index) =>
        tailBytes - TrailerBytes - ((index + 1) * DirectoryEntry.SizeBytes);
}
