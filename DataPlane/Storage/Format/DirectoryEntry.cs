using System.Buffers.Binary;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>
/// One stored item in the directory of its segment, 64 bytes. See docs/spec/segment.md.
/// </summary>
/// <param name="Slot">Where it lies in this segment, in units of 64 bytes.</param>
/// <param name="StoredBytes">Its length.</param>
/// <param name="Checksum">CRC32C of its bytes.</param>
/// <param name="Codec">How the bytes are coded.</param>
/// <param name="Fingerprint">Name of the chunk; zero for a located write, and where it is not known any more.</param>
/// <param name="Location">The location that names it: this segment, or the one it was moved from.</param>
public readonly record struct DirectoryEntry(
    uint Slot, uint StoredBytes, uint Checksum, byte Codec, Fingerprint Fingerprint, ChunkLocation Location)
{
    /// <summary>Bytes of an entry.</summary>
    public const int SizeBytes = 64;

    private const byte Version = 1;
    private const int ChecksumOffset = SizeBytes - sizeof(uint);

    /// <summary>Reads the first 64 bytes; false when they are damaged or of a version not known.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out DirectoryEntry entry)
    {
        entry = default;
        source = source[..SizeBytes];
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]);
        if (stored != Crc32c.Compute(source[..ChecksumOffset]) || source[13] != Version) return false;
        entry = new DirectoryEntry(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            BinaryPrimitives.ReadUInt32LittleEndian(source[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            source[12],
            Fingerprint.Read(source[16..]),
            new ChunkLocation(
                new SegmentId(BinaryPrimitives.ReadUInt64LittleEndian(source[48..])),
                BinaryPrimitives.ReadUInt32LittleEndian(source[56..])));
        return true;
    }

    /// <summary>Writes 64 bytes.</summary>
    public void Write(Span<byte> destination)
    {
        destination = destination[..SizeBytes];
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Slot);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], StoredBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Checksum);
        destination[12] = Codec;
        destination[13] = Version;
        Fingerprint.Write(destination[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[48..], Location.Segment.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[56..], Location.Slot);
        BinaryPrimitives.WriteUInt32LittleEndian(
            destination[ChecksumOffset..], Crc32c.Compute(destination[..ChecksumOffset]));
    }
}
