using System.Buffers.Binary;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Protocol;

/// <summary>
/// BlockRead. Request: segment u64, slot u32, checksum u32, length u32, zero u32. Answer: exactly that many bytes.
/// </summary>
/// <param name="Location">What to read.</param>
/// <param name="Checksum">CRC32C that the stored bytes must have.</param>
/// <param name="Length">Stored length: 1 to the length of a segment.</param>
public readonly record struct BlockReadMessage(ChunkLocation Location, uint Checksum, int Length)
{
    public const int SizeBytes = 24;

    /// <summary>Reads a whole request; false when it is malformed, its length out of range included.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out BlockReadMessage message)
    {
        message = default;
        if (payload.Length != SizeBytes || BinaryPrimitives.ReadUInt32LittleEndian(payload[20..]) != 0) return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(payload[16..]);
        if (length is 0 or > Limits.SegmentBytes) return false;
        var location = new ChunkLocation(
            new SegmentId(BinaryPrimitives.ReadUInt64LittleEndian(payload)),
            BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]));
        if (location.IsNone) return false;
        message = new BlockReadMessage(location, BinaryPrimitives.ReadUInt32LittleEndian(payload[12..]), (int)length);
        return true;
    }

    /// <summary>Writes <see cref="SizeBytes"/>.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Location.Segment.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], Location.Slot);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], Checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[16..], (uint)Length);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[20..], 0);
    }
}
