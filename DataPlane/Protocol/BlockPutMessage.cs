using System.Buffers.Binary;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Protocol;

/// <summary>
/// BlockPut. Request: count u32, zero u32, count entries (length u32, checksum u32, codec u8, three zeros, fingerprint
/// 32), then the items' bytes one after another. Answer: garbage epoch u64, count u32, zero u32, count entries (segment
/// u64, slot u32, zero u32).
/// </summary>
public static class BlockPutMessage
{
    /// <summary>Bytes before the entries, in request and answer.</summary>
    public const int HeadBytes = 8;

    /// <summary>Bytes of an entry of the request.</summary>
    public const int EntryBytes = 12 + Fingerprint.SizeBytes;

    /// <summary>Bytes of an entry of the answer.</summary>
    public const int LocationBytes = 16;

    /// <summary>Bytes before the entries of the answer.</summary>
    public const int ReplyHeadBytes = 16;

    /// <summary>Length of the table for so many items: what comes before their bytes.</summary>
    public static int TableBytes(int count) => HeadBytes + (count * EntryBytes);

    /// <summary>Length of the answer for so many items.</summary>
    public static int ReplyBytes(int count) => ReplyHeadBytes + (count * LocationBytes);

    /// <summary>Writes the table; <paramref name="destination"/> has <see cref="TableBytes"/>.</summary>
    public static void WriteTable(ReadOnlySpan<BlockWrite> items, Span<byte> destination)
    {
        destination = destination[..TableBytes(items.Length)];
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)items.Length);
        var entry = destination[HeadBytes..];
        foreach (ref readonly var item in items)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)item.Bytes.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], item.Checksum);
            entry[8] = item.Codec;
            item.Fingerprint.Write(entry[12..]);
            entry = entry[EntryBytes..];
        }
    }

    /// <summary>
    /// Reads how many items a request says it has; false unless table and count fit the payload: looked at before any
    /// memory is taken for them.
    /// </summary>
    public static bool TryReadCount(ReadOnlySpan<byte> payload, out int count)
    {
        count = 0;
        if (payload.Length < HeadBytes || BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]) != 0) return false;
        var said = BinaryPrimitives.ReadUInt32LittleEndian(payload);
        if (said > Limits.BlockPutItemsMax || payload.Length < TableBytes((int)said)) return false;
        count = (int)said;
        return true;
    }

    /// <summary>
    /// Reads the items, whose bytes are slices of the payload; false unless entries and payload agree to the byte.
    /// <paramref name="items"/> has as many places as <see cref="TryReadCount"/> said.
    /// </summary>
    public static bool TryReadItems(ReadOnlyMemory<byte> payload, Span<BlockWrite> items)
    {
        var table = payload.Span;
        var data = payload[TableBytes(items.Length)..];
        for (var i = 0; i < items.Length; i++)
        {
            var entry = table[TableBytes(i)..];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            if (length > (uint)data.Length || (entry[9] | entry[10] | entry[11]) != 0) return false;
            items[i] = new BlockWrite(
                data[..(int)length], BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]), Fingerprint.Read(entry[12..]),
                entry[8]);
            data = data[(int)length..];
        }

        return data.Length == 0;
    }

    /// <summary>Writes the answer; <paramref name="destination"/> has <see cref="ReplyBytes"/>.</summary>
    public static void WriteReply(PutReply reply, ReadOnlySpan<ChunkLocation> locations, Span<byte> destination)
    {
        destination = destination[..ReplyBytes(locations.Length)];
        destination.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(destination, reply.GarbageEpoch);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], (uint)locations.Length);
        var entry = destination[ReplyHeadBytes..];
        foreach (var location in locations)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(entry, location.Segment.Value);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[8..], location.Slot);
            entry = entry[LocationBytes..];
        }
    }

    /// <summary>Reads an answer for exactly as many items as <paramref name="locations"/> has places.</summary>
    public static bool TryReadReply(ReadOnlySpan<byte> payload, Span<ChunkLocation> locations, out PutReply reply)
    {
        reply = default;
        if (payload.Length != ReplyBytes(locations.Length)) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(payload[8..]) != (uint)locations.Length) return false;
        var entry = payload[ReplyHeadBytes..];
        for (var i = 0; i < locations.Length; i++)
        {
            locations[i] = new ChunkLocation(
                new SegmentId(BinaryPrimitives.ReadUInt64LittleEndian(entry)),
                BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]));
            if (locations[i].IsNone) return false;
            entry = entry[LocationBytes..];
        }

        reply = new PutReply(BinaryPrimitives.ReadUInt64LittleEndian(payload));
        return true;
    }
}
