using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>Of what type a stored answer is. The numbers are in the log: never reused.</summary>
internal enum AnswerKind : byte
{
    None = 0,
    Nothing = 1,
    Entry = 2,
    Attributes = 3,
    Removed = 4,
    Renamed = 5,
}

/// <summary>
/// Answers of operations as bytes. Leases are left out: a retry comes after the epoch they held in, and asks anew.
/// </summary>
internal static class AnswerCodec
{
    // The length comes before the bytes: they are put together here.
    [ThreadStatic]
    private static RecordWriter? t_scratch;

    /// <summary>Kind, length and bytes of an answer.</summary>
    public static void Write(RecordWriter writer, AnswerRow row)
    {
        if (row is StoredAnswerRow stored)
        {
            writer.Byte((byte)stored.Kind);
            writer.Bytes(stored.Bytes);
            return;
        }

        var scratch = t_scratch ??= new();
        scratch.Clear();
        writer.Byte((byte)Encode(scratch, row));
        writer.Bytes(scratch.Written);
    }

    /// <summary>Reads an answer; false when it is of another kind than <typeparamref name="T"/>.</summary>
    public static bool TryRead<T>(AnswerKind kind, ReadOnlySpan<byte> bytes, out FsResult<T> answer)
    {
        var reader = new RecordReader(bytes);
        object value = kind switch
        {
            AnswerKind.Nothing => Nothing.Value,
            AnswerKind.Entry => new EntryReply(Attributes(ref reader), LeaseGrant.None, LeaseGrant.None),
            AnswerKind.Attributes => new AttributesReply(Attributes(ref reader), LeaseGrant.None),
            AnswerKind.Removed => Removed(ref reader),
            AnswerKind.Renamed => new RenamedReply(Attributes(ref reader), Removed(ref reader)),
            _ => throw RecordFormatException.Unknown(
                $"an answer of kind {(int)kind}", $"kinds up to {(int)AnswerKind.Renamed}"),
        };
        if (value is T same)
        {
            answer = same;
            return true;
        }

        answer = default;
        return false;
    }

    /// <summary>Whether answers of this type can be stored.</summary>
    public static bool Knows<T>() => typeof(T) == typeof(Nothing) || typeof(T) == typeof(EntryReply)
        || typeof(T) == typeof(AttributesReply) || typeof(T) == typeof(RemovedReply)
        || typeof(T) == typeof(RenamedReply);

    private static AnswerKind Encode(RecordWriter writer, AnswerRow row)
    {
        switch (row)
        {
            case AnswerRow<Nothing>: return AnswerKind.Nothing;
            case AnswerRow<EntryReply> entry:
                RowCodec.WriteAttributes(writer, entry.Answer.Value.Attributes, 0);
                return AnswerKind.Entry;
            case AnswerRow<AttributesReply> attributes:
                RowCodec.WriteAttributes(writer, attributes.Answer.Value.Attributes, 0);
                return AnswerKind.Attributes;
            case AnswerRow<RemovedReply> removed:
                WriteRemoved(writer, removed.Answer.Value);
                return AnswerKind.Removed;
            case AnswerRow<RenamedReply> renamed:
                RowCodec.WriteAttributes(writer, renamed.Answer.Value.Moved, 0);
                WriteRemoved(writer, renamed.Answer.Value.Replaced);
                return AnswerKind.Renamed;
            default: throw new InvariantException($"No form in the log for {row.GetType()}");
        }
    }

    private static InodeAttributes Attributes(ref RecordReader reader) => RowCodec.ReadAttributes(ref reader, 0);

    private static void WriteRemoved(RecordWriter writer, in RemovedReply reply)
    {
        writer.Varint(reply.Inode.Value);
        writer.Byte(reply.IsOrphan ? (byte)1 : (byte)0);
        RowCodec.WriteAttributes(writer, reply.Attributes, 0);
    }

    private static RemovedReply Removed(ref RecordReader reader) =>
        new(new(reader.Varint()), reader.Byte() != 0, Attributes(ref reader));
}
