using System.Buffers.Binary;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>A run of operations of one shard in an append.</summary>
internal readonly record struct LogPart(ShardId Shard, uint Count, Epoch Epoch, ulong Sequence);

/// <summary>
/// Goes through the body of an append: parts, and the operations of each. What does not fit is a
/// <see cref="RecordFormatException"/>. Form: docs/spec/log.md.
/// </summary>
internal ref struct AppendReader(ReadOnlySpan<byte> body, uint partCount)
{
    private RecordReader _rest = new(body);
    private uint _partsLeft = partCount;

    /// <summary>The next part; false after the last one. The operations of the part before have been read.</summary>
    public bool TryReadPart(out LogPart part)
    {
        part = default;
        if (_partsLeft == 0) return false;
        _partsLeft--;
        var header = _rest.Take(AppendBuffer.PartHeaderBytes);
        var shard = new ShardId(BinaryPrimitives.ReadUInt16LittleEndian(header));
        if (shard.Value >= ShardId.Count) throw new RecordFormatException($"a part of shard {shard}");
        part = new(shard, BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
            new(BinaryPrimitives.ReadUInt64LittleEndian(header[8..])),
            BinaryPrimitives.ReadUInt64LittleEndian(header[16..]));
        return true;
    }

    /// <summary>The next operation of the part.</summary>
    public ReadOnlySpan<byte> ReadOperation()
    {
        var bytes = _rest.UInt32();
        if (bytes > (uint)_rest.Remaining) throw new RecordFormatException("an operation beyond the append's end");
        return _rest.Take((int)bytes);
    }
}
