using System.Collections.Immutable;
using System.Text;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Rows as bytes: kind, version, fields. The form of the log (docs/spec/log.md), frozen by golden bytes in the tests; a
/// kind or version that is not known stops the reader.
/// </summary>
internal static class RowCodec
{
    /// <summary>Version of every kind of row as written today.</summary>
    public const byte Version = 1;

    private const int PieceBytesMin = 4;
    private const byte PieceHasFingerprint = 0x80;

    public static void Write(RecordWriter writer, Row row)
    {
        writer.Byte((byte)row.Key.Kind);
        writer.Byte(Version);
        writer.UInt64((ulong)row.From.Nanoseconds);
        switch (row)
        {
            case InodeRow inode: WriteInode(writer, inode); break;
            case DentryRow dentry: WriteDentry(writer, dentry); break;
            case ExtentRow extent: WriteExtent(writer, extent); break;
            case InlineRow inline:
                writer.Varint(inline.Inode.Value);
                writer.Bytes(inline.Bytes);
                break;
            case XattrRow xattr:
                writer.Varint(xattr.Inode.Value);
                writer.Varint(xattr.NameKey);
                writer.Bytes(xattr.Name.Bytes);
                writer.Bytes(xattr.Value);
                break;
            case OrphanRow orphan:
                writer.Varint(orphan.Inode.Value);
                writer.Varint((ulong)orphan.Holders.Length);
                foreach (var holder in orphan.Holders) writer.UInt64(holder.Value);
                break;
            default: WriteSmall(writer, row); break;
        }
    }

    private static void WriteSmall(RecordWriter writer, Row row)
    {
        switch (row)
        {
            case SessionRow session:
                writer.UInt64(session.Session.Value);
                writer.Bytes(Encoding.UTF8.GetBytes(session.ClientName));
                writer.Byte(session.IsEmbedded ? (byte)1 : (byte)0);
                break;
            case SessionShardRow sessionShard: writer.UInt64(sessionShard.Session.Value); break;
            case CounterRow counter:
                writer.Signed(counter.Counter.Value);
                writer.Signed(counter.Bytes);
                writer.Signed(counter.Inodes);
                break;
            case QuotaRow quota:
                writer.Signed(quota.Counter.Value);
                writer.Varint(quota.Limits.BytesMax);
                writer.Varint(quota.Limits.InodesMax);
                break;
            case ShardRow shard:
                writer.UInt16(shard.Shard.Value);
                writer.Varint(shard.InodeCeiling);
                writer.Byte(shard.HasCollisions ? (byte)1 : (byte)0);
                break;
            case AnswerRow answer:
                writer.UInt64(answer.Session.Value);
                writer.Varint(answer.Number);
                AnswerCodec.Write(writer, answer);
                break;
            default: throw new InvariantException($"No form in the log for {row.GetType().Name}");
        }
    }

    public static Row Read(ref RecordReader reader)
    {
        var kind = (RowKind)reader.Byte();
        var version = reader.Byte();
        if (version != Version || kind is RowKind.None or > RowKind.Shard)
        {
            throw RecordFormatException.Unknown(
                $"a row of kind {(int)kind} version {version}", $"kinds 1 to {(int)RowKind.Shard}, version {Version}");
        }

        var from = new Stamp((long)reader.UInt64());
        return kind switch
        {
            RowKind.Inode => ReadInode(ref reader, from),
            RowKind.Dentry => ReadDentry(ref reader, from),
            RowKind.Extent => new ExtentRow(Inode(ref reader), reader.Varint32(), ReadPieces(ref reader), from),
            RowKind.Inline => new InlineRow(Inode(ref reader), reader.Bytes().ToArray(), from),
            RowKind.Xattr => ReadXattr(ref reader, from),
            RowKind.Orphan => ReadOrphan(ref reader, from),
            RowKind.Session => new SessionRow(new(reader.UInt64()), Encoding.UTF8.GetString(reader.Bytes()),
                reader.Byte() != 0, from),
            RowKind.SessionShard => new SessionShardRow(new(reader.UInt64()), from),
            RowKind.Answer => ReadAnswer(ref reader, from),
            RowKind.Counter => new CounterRow(CounterKey.Of(reader.Signed()), reader.Signed(), reader.Signed(), from),
            RowKind.Quota => new QuotaRow(CounterKey.Of(reader.Signed()), new(reader.Varint(), reader.Varint()), from),
            _ => new ShardRow(new(reader.UInt16()), reader.Varint(), reader.Byte() != 0, from),
        };
    }

    private static InodeId Inode(ref RecordReader reader) => new(reader.Varint());

    private static FsName Name(ref RecordReader reader) =>
        FsName.TryParse(reader.Bytes(), out var name) == FsError.None
            ? name
            : throw new RecordFormatException("a name that is none");

    private static void WriteInode(RecordWriter writer, InodeRow row)
    {
        var from = row.From.Nanoseconds;
        WriteAttributes(writer, row.Attributes, from);
        writer.Varint(row.Parent.Value);
    }

    private static InodeRow ReadInode(ref RecordReader reader, Stamp from) =>
        new(ReadAttributes(ref reader, from.Nanoseconds), Inode(ref reader), from);

    /// <summary>Attributes; times are written relative to <paramref name="origin"/>, which is near them.</summary>
    public static void WriteAttributes(RecordWriter writer, in InodeAttributes row, long origin)
    {
        writer.Varint(row.Inode.Value);
        writer.Varint(row.Generation);
        writer.Varint(row.Mode);
        writer.Varint(row.Nlink);
        writer.Varint(row.Uid);
        writer.Varint(row.Gid);
        writer.Varint(row.Rdev);
        writer.Varint(row.SizeBytes);
        writer.Varint(row.AllocatedBytes);
        writer.Signed(row.Atime.Nanoseconds - origin);
        writer.Signed(row.Mtime.Nanoseconds - origin);
        writer.Signed(row.Ctime.Nanoseconds - origin);
        writer.Signed(row.Btime.Nanoseconds - origin);
        writer.Varint(row.ChangeCounter);
    }

    public static InodeAttributes ReadAttributes(ref RecordReader reader, long origin) => new(
        Inode(ref reader), reader.Varint(), reader.Varint32(), reader.Varint32(), reader.Varint32(), reader.Varint32(),
        reader.Varint32(), reader.Varint(), reader.Varint(), Time(ref reader, origin), Time(ref reader, origin),
        Time(ref reader, origin), Time(ref reader, origin), reader.Varint());

    private static Stamp Time(ref RecordReader reader, long origin) => new(reader.Signed() + origin);

    private static void WriteDentry(RecordWriter writer, DentryRow row)
    {
        writer.Varint(row.Directory.Value);
        writer.UInt64(row.Cookie);
        writer.Varint(row.Child.Value);
        writer.Byte(row.Type);
        writer.Bytes(row.Name.Bytes);
    }

    private static DentryRow ReadDentry(ref RecordReader reader, Stamp from)
    {
        var directory = Inode(ref reader);
        var cookie = reader.UInt64();
        var child = Inode(ref reader);
        var type = reader.Byte();
        return new(directory, Name(ref reader), cookie, child, type, from);
    }

    private static XattrRow ReadXattr(ref RecordReader reader, Stamp from)
    {
        var inode = Inode(ref reader);
        var key = reader.Varint();
        var name = Name(ref reader);
        return new(inode, name, key, reader.Bytes().ToArray(), from);
    }

    private static OrphanRow ReadOrphan(ref RecordReader reader, Stamp from)
    {
        var inode = Inode(ref reader);
        var holders = new SessionId[reader.Count(sizeof(ulong))];
        foreach (ref var holder in holders.AsSpan()) holder = new(reader.UInt64());
        return new(inode, ImmutableArray.Create(holders), from);
    }

    private static StoredAnswerRow ReadAnswer(ref RecordReader reader, Stamp from)
    {
        var session = new SessionId(reader.UInt64());
        var number = reader.Varint();
        var kind = (AnswerKind)reader.Byte();
        return new(session, number, kind, reader.Bytes().ToArray(), from);
    }

    private static void WriteExtent(RecordWriter writer, ExtentRow row)
    {
        writer.Varint(row.Inode.Value);
        writer.Varint(row.Index);
        WritePieces(writer, row.Pieces.AsSpan());
    }

    public static void WritePieces(RecordWriter writer, ReadOnlySpan<ExtentPiece> pieces)
    {
        writer.Varint((ulong)pieces.Length);
        foreach (ref readonly var piece in pieces)
        {
            var isNamed = piece.Fingerprint != default;
            writer.Byte((byte)((byte)piece.Kind | (isNamed ? PieceHasFingerprint : 0)));
            writer.Varint(piece.Offset);
            writer.Varint(piece.Length);
            if (!piece.IsStored) continue;

            writer.Byte(piece.Codec);
            writer.Varint(piece.Location.Segment.Value);
            writer.Varint(piece.Location.Slot);
            writer.Varint(piece.StoredBytes);
            writer.Varint(piece.SkipBytes);
            writer.UInt32(piece.Checksum);
            if (isNamed) WriteFingerprint(writer, piece.Fingerprint);
        }
    }

    public static ImmutableArray<ExtentPiece> ReadPieces(ref RecordReader reader)
    {
        var pieces = new ExtentPiece[reader.Count(PieceBytesMin - 1)];
        var end = 0UL;
        foreach (ref var piece in pieces.AsSpan())
        {
            piece = ReadPiece(ref reader);
            if (piece.Offset < end) throw new RecordFormatException("pieces of an extent that overlap");
            end = (ulong)piece.Offset + piece.Length;
            if (piece.Length == 0 || end > Limits.ExtentBytes)
            {
                throw new RecordFormatException("a piece that lies outside of its extent");
            }
        }

        return ImmutableArray.Create(pieces);
    }

    private static ExtentPiece ReadPiece(ref RecordReader reader)
    {
        var kindByte = reader.Byte();
        var kind = (PieceKind)(kindByte & ~PieceHasFingerprint);
        if (kind > PieceKind.Lost) throw new RecordFormatException($"a piece of an extent of kind {(int)kind}");

        var (offset, length) = (reader.Varint32(), reader.Varint32());
        if (kind is not (PieceKind.Chunk or PieceKind.Located))
        {
            return new(offset, length, kind, 0, default, 0, 0, 0, default);
        }

        var codec = reader.Byte();
        var location = new ChunkLocation(new(reader.Varint()), reader.Varint32());
        var (stored, skip, checksum) = (reader.Varint32(), reader.Varint32(), reader.UInt32());
        var fingerprint = (kindByte & PieceHasFingerprint) == 0 ? default : ReadFingerprint(ref reader);
        return new(offset, length, kind, codec, location, stored, skip, checksum, fingerprint);
    }

    private static void WriteFingerprint(RecordWriter writer, in Fingerprint fingerprint)
    {
        Span<byte> bytes = stackalloc byte[Fingerprint.SizeBytes];
        fingerprint.Write(bytes);
        writer.Raw(bytes);
    }

    private static Fingerprint ReadFingerprint(ref RecordReader reader) =>
        Fingerprint.TryRead(reader.Take(Fingerprint.SizeBytes), out var value)
            ? value
            : throw new RecordFormatException("a fingerprint that is none");
}
