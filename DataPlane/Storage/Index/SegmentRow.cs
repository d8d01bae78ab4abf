using System.Buffers.Binary;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Index;

/// <summary>A live item as the index keeps it.</summary>
/// <param name="Slot">Where it was put first.</param>
/// <param name="StoredBytes">Its length.</param>
/// <param name="Checksum">CRC32C of its bytes.</param>
/// <param name="Count">How many committed extents refer to it.</param>
/// <param name="Host">Where it lies now; none while it lies where it was put.</param>
public readonly record struct SegmentRowItem(
    uint Slot, uint StoredBytes, uint Checksum, int Count, ChunkLocation Host);

/// <summary>
/// What the index keeps of a segment: its place and a packed directory of its live items with their counts.
/// </summary>
/// <param name="Id">The segment.</param>
/// <param name="Kind">What it is filled with.</param>
/// <param name="Place">Where it lies; -1 when all that is left of it was moved elsewhere.</param>
/// <param name="IsSealed">Whether its directory was on stable storage.</param>
/// <param name="Items">Packed items, see <see cref="DecodeItems"/>.</param>
public sealed record SegmentRow(SegmentId Id, SegmentKind Kind, int Place, bool IsSealed, byte[] Items)
{
    private const byte Version = 1;
    private const int HeaderBytes = 8;
    private const int ItemBytes = 28;

    /// <summary>Packs the items of a segment: version, count, 28 bytes an item, CRC32C.</summary>
    internal static byte[] EncodeItems(Segment segment)
    {
        var bytes = Begin(segment.ItemCount);
        var target = bytes.AsSpan(HeaderBytes);
        foreach (ref readonly var item in segment.Items)
        {
            var host = item.Host is null ? default : new ChunkLocation(item.Host.Id, item.HostSlot);
            Encode(new(item.Slot, item.StoredBytes, item.Checksum, item.Count, host), ref target);
        }

        return End(bytes);
    }

    /// <summary>As <see cref="EncodeItems(Segment)"/>, of items in the order of their slots.</summary>
    internal static byte[] EncodeItems(IReadOnlyCollection<SegmentRowItem> items)
    {
        var bytes = Begin(items.Count);
        var target = bytes.AsSpan(HeaderBytes);
        foreach (var item in items) Encode(item, ref target);
        return End(bytes);
    }

    /// <summary>
    /// Unpacks the items. Throws <see cref="FsException"/>: EIO when they are damaged, EINVAL when of another version.
    /// </summary>
    public SegmentRowItem[] DecodeItems()
    {
        var bytes = Items.AsSpan();
        if (bytes.Length < HeaderBytes + sizeof(uint)) throw Damaged("too short");
        var stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^sizeof(uint)..]);
        if (stored != Crc32c.Compute(bytes[..^sizeof(uint)])) throw Damaged("checksum");
        if (bytes[0] != Version)
        {
            throw new FsException(FsError.EINVAL,
                $"row of segment {Id.Value}: expected version {Version}, found {bytes[0]}");
        }

        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (count < 0 || bytes.Length != HeaderBytes + ((long)count * ItemBytes) + sizeof(uint)) throw Damaged("count");
        var items = new SegmentRowItem[count];
        for (var i = 0; i < count; i++)
        {
            var source = bytes[(HeaderBytes + (i * ItemBytes))..];
            items[i] = new SegmentRowItem(
                BinaryPrimitives.ReadUInt32LittleEndian(source),
                BinaryPrimitives.ReadUInt32LittleEndian(source[4..]),
                BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
                BinaryPrimitives.ReadInt32LittleEndian(source[12..]),
                new ChunkLocation(
                    new SegmentId(BinaryPrimitives.ReadUInt64LittleEndian(source[16..])),
                    BinaryPrimitives.ReadUInt32LittleEndian(source[24..])));
        }

        return items;
    }

    private static byte[] Begin(int count)
    {
        var bytes = new byte[HeaderBytes + (count * ItemBytes) + sizeof(uint)];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), count);
        return bytes;
    }

    private static void Encode(in SegmentRowItem item, ref Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, item.Slot);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], item.StoredBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], item.Checksum);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], item.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], item.Host.Segment.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], item.Host.Slot);
        target = target[ItemBytes..];
    }

    private static byte[] End(byte[] bytes)
    {
        var checksum = Crc32c.Compute(bytes.AsSpan(..^sizeof(uint)));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(^sizeof(uint)..), checksum);
        return bytes;
    }

    private FsException Damaged(string what) => new(FsError.EIO, $"row of segment {Id.Value} is damaged: {what}");
}
