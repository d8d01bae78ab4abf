using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>The parts of an operation's record in the log. Form: docs/spec/log.md.</summary>
internal static class OperationRecord
{
    public const byte Version = 1;

    private const int ReferenceBytesMin = 8;

    public static void WriteAnswer(RecordWriter writer, AnswerRow? answer)
    {
        if (answer is null) writer.Byte((byte)AnswerKind.None);
        else AnswerCodec.Write(writer, answer);
    }

    public static void WriteReferences(RecordWriter writer, List<ReferenceDelta> references)
    {
        writer.Varint((ulong)references.Count);
        foreach (var reference in references)
        {
            writer.Varint(reference.Location.Segment.Value);
            writer.Varint(reference.Location.Slot);
            writer.Varint(reference.StoredBytes);
            writer.UInt32(reference.Checksum);
            writer.Signed(reference.Delta);
        }
    }

    /// <summary>
    /// Reads an operation into <paramref name="batch"/>, changes and all. Splices are applied to what
    /// <paramref name="shard"/> holds before this operation: replay goes one operation at a time.
    /// </summary>
    public static void Read(ReadOnlySpan<byte> source, ShardBatch batch, Shard shard) =>
        Read(source, batch, shard, (inode, index) => FindExtent(shard, inode, index));

    /// <summary>As above; what was there before this operation is asked of <paramref name="find"/>.</summary>
    public static void Read(
        ReadOnlySpan<byte> source, ShardBatch batch, Shard shard, Func<InodeId, uint, ExtentRow?> find)
    {
        var reader = new RecordReader(source);
        ReadHead(ref reader, batch, shard);
        while (reader.Remaining > 0) ReadChange(ref reader, batch, find);
    }

    /// <summary>Reads the references alone: for followers that lag behind the tables.</summary>
    public static void ReadReferences(ReadOnlySpan<byte> source, ShardBatch batch, Shard shard)
    {
        var reader = new RecordReader(source);
        ReadHead(ref reader, batch, shard);
    }

    private static void ReadHead(ref RecordReader reader, ShardBatch batch, Shard shard)
    {
        var (kind, version) = (reader.Byte(), reader.Byte());
        if (version != Version || kind is (byte)OperationKind.None or > (byte)OperationKind.EntriesLoaded)
        {
            throw RecordFormatException.Unknown(
                $"an operation of kind {kind} version {version}",
                $"kinds 1 to {(byte)OperationKind.EntriesLoaded}, version {Version}");
        }

        var stamp = new Stamp((long)reader.UInt64());
        var session = new SessionId(reader.UInt64());
        var (number, acknowledged) = (reader.Varint(), reader.Varint());
        var caller = new Caller(reader.Varint32(), reader.Varint32());
        var context = new OperationContext(new(session, shard.Id, number), acknowledged, caller, AckMode.Commit);
        batch.Begin(shard, context, (OperationKind)kind, stamp);
        var answerKind = (AnswerKind)reader.Byte();
        if (answerKind > AnswerKind.Renamed)
        {
            throw RecordFormatException.Unknown(
                $"an answer of kind {(int)answerKind}", $"kinds up to {(int)AnswerKind.Renamed}");
        }

        if (answerKind != AnswerKind.None)
        {
            batch.SetStored(new StoredAnswerRow(session, number, answerKind, reader.Bytes().ToArray(), stamp));
        }

        ReadReferences(ref reader, batch.References);
    }

    private static void ReadReferences(ref RecordReader reader, List<ReferenceDelta> references)
    {
        for (var count = reader.Count(ReferenceBytesMin); count > 0; count--)
        {
            var location = new ChunkLocation(new(reader.Varint()), reader.Varint32());
            references.Add(new(location, reader.Varint32(), reader.UInt32(), reader.Signed32()));
        }
    }

    private static void ReadChange(
        ref RecordReader reader, ShardBatch batch, Func<InodeId, uint, ExtentRow?> find)
    {
        var kind = (ChangeKind)reader.Byte();
        switch (kind)
        {
            case ChangeKind.Put:
                var row = RowCodec.Read(ref reader);
                batch.AddChange(new(row.Key, row, 0, 0));
                break;
            case ChangeKind.Delete:
                batch.AddChange(new(ReadKey(ref reader), null, 0, 0));
                break;
            case ChangeKind.Splice:
                ReadSplice(ref reader, batch, find);
                break;
            case ChangeKind.Count:
                var counter = CounterKey.Of(reader.Signed());
                batch.AddChange(new(RowKey.Counter(counter), null, reader.Signed(), reader.Signed()));
                break;
            default:
                throw RecordFormatException.Unknown(
                    $"a change of kind {(int)kind}", $"kinds up to {(int)ChangeKind.Count}");
        }
    }

    private static RowKey ReadKey(ref RecordReader reader)
    {
        var kind = (RowKind)reader.Byte();
        if (kind is RowKind.None or > RowKind.Shard)
        {
            throw RecordFormatException.Unknown($"a row of kind {(int)kind}", $"kinds 1 to {(int)RowKind.Shard}");
        }

        return new(kind, reader.Signed(), reader.Signed());
    }

    private static void ReadSplice(
        ref RecordReader reader, ShardBatch batch, Func<InodeId, uint, ExtentRow?> find)
    {
        var inode = new InodeId(reader.Varint());
        var index = reader.Varint32();
        var updates = RowCodec.ReadPieces(ref reader);
        var key = RowKey.Extent(inode, index);
        var before = batch.FindChange(key, out var changed) ? (ExtentRow?)changed : find(inode, index);
        var pieces = ExtentMap.Splice(before?.Pieces ?? [], updates.AsSpan());
        batch.AddChange(new(key, pieces.Length == 0 ? null : new ExtentRow(inode, index, pieces, batch.Stamp), 0, 0));
    }

    private static ExtentRow? FindExtent(Shard shard, InodeId inode, uint index)
    {
        var version = default(ReadVersion);
        return shard.FindExtent(inode, index, ref version);
    }
}
