using System.Collections.Immutable;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>How a kind of row lies in a table: names, and its fields as columns.</summary>
/// <param name="Kind">The rows' kind.</param>
/// <param name="Table">The table's name.</param>
/// <param name="OwnerColumn">Column of the key's owner; null when rows of the kind have none.</param>
/// <param name="ItemColumn">Column of the key's item; null when there is one row an owner.</param>
/// <param name="ValueColumns">The columns beside key and stamps.</param>
/// <param name="Bind">Binds the values from a parameter on.</param>
/// <param name="Read">Reads a row: shard, key, values from a column on, stamp.</param>
internal sealed record RowSchema(
    RowKind Kind, string Table, string? OwnerColumn, string? ItemColumn, ImmutableArray<string> ValueColumns,
    RowSchema.Binder Bind, RowSchema.Reader Read)
{
    [ThreadStatic]
    private static RecordWriter? t_scratch;

    public delegate void Binder(SqliteStatement statement, int first, Row row);

    public delegate Row Reader(SqliteStatement statement, RowPlace place, int first);

    /// <summary>What a row's key columns say.</summary>
    public readonly record struct RowPlace(ShardId Shard, long Owner, long Item, Stamp From);

    /// <summary>All kinds, by their number.</summary>
    public static readonly ImmutableArray<RowSchema> All =
    [
        new(RowKind.Inode, "inode", "inode", null,
            ["generation", "mode", "nlink", "uid", "gid", "rdev", "size", "allocated", "atime", "mtime", "ctime",
                "btime",
                "change", "parent"],
            static (s, i, row) => BindInode(s, i, (InodeRow)row), ReadInode),
        new(RowKind.Dentry, "dentry", "parent", "cookie", ["name", "child", "type"],
            static (s, i, row) => BindDentry(s, i, (DentryRow)row), ReadDentry),
        new(RowKind.Extent, "extent", "inode", "idx", ["pieces"],
            static (s, i, row) => s.Bind(i, Encode((ExtentRow)row)),
            static (s, place, i) => new ExtentRow(new((ulong)place.Owner), (uint)place.Item, DecodePieces(s.Blob(i)),
                place.From)),
        new(RowKind.Inline, "inline", "inode", null, ["bytes"],
            static (s, i, row) => s.Bind(i, ((InlineRow)row).Bytes),
            static (s, place, i) => new InlineRow(new((ulong)place.Owner), s.Blob(i).ToArray(), place.From)),
        new(RowKind.Xattr, "xattr", "inode", "name_key", ["name", "value"],
            static (s, i, row) => s.Bind(i, ((XattrRow)row).Name.Bytes).Bind(i + 1, ((XattrRow)row).Value),
            static (s, place, i) => new XattrRow(new((ulong)place.Owner), Name(s.Blob(i)), (ulong)place.Item,
                s.Blob(i + 1).ToArray(), place.From)),
        new(RowKind.Orphan, "orphan", null, "inode", ["holders"],
            static (s, i, row) => s.Bind(i, Encode(((OrphanRow)row).Holders)),
            static (s, place, i) => new OrphanRow(new((ulong)place.Item), DecodeHolders(s.Blob(i)), place.From)),
        new(RowKind.Session, "session", null, "session", ["client", "is_embedded"],
            static (s, i, row) => s.BindText(i, ((SessionRow)row).ClientName)
                .Bind(i + 1, ((SessionRow)row).IsEmbedded ? 1L : 0),
            static (s, place, i) => new SessionRow(new((ulong)place.Item), s.Text(i), s.Int64(i + 1) != 0, place.From)),
        new(RowKind.SessionShard, "session_shard", null, "session", [],
            static (_, _, _) => { },
            static (_, place, _) => new SessionShardRow(new((ulong)place.Item), place.From)),
        new(RowKind.Answer, "answer", "session", "number", ["answer"],
            static (s, i, row) => s.Bind(i, Encode((AnswerRow)row)), ReadAnswer),
        new(RowKind.Counter, "counter", null, "counter", ["bytes", "inodes"],
            static (s, i, row) => s.Bind(i, ((CounterRow)row).Bytes).Bind(i + 1, ((CounterRow)row).Inodes),
            static (s, place, i) => new CounterRow(CounterKey.Of(place.Item), s.Int64(i), s.Int64(i + 1), place.From)),
        new(RowKind.Quota, "quota", null, "counter", ["bytes_max", "inodes_max"],
            static (s, i, row) =>
                s.Bind(i, ((QuotaRow)row).Limits.BytesMax).Bind(i + 1, ((QuotaRow)row).Limits.InodesMax),
            static (s, place, i) =>
                new QuotaRow(CounterKey.Of(place.Item), new(s.UInt64(i), s.UInt64(i + 1)), place.From)),
        new(RowKind.Shard, "shard", null, null, ["inode_ceiling", "has_collisions"],
            static (s, i, row) => s.Bind(i, ((ShardRow)row).InodeCeiling)
                .Bind(i + 1, ((ShardRow)row).HasCollisions ? 1L : 0),
            static (s, place, i) => new ShardRow(place.Shard, s.UInt64(i), s.Int64(i + 1) != 0, place.From)),
    ];

    public static RowSchema Of(RowKind kind) => All[(int)kind - 1];

    private static void BindInode(SqliteStatement s, int i, InodeRow row)
    {
        var a = row.Attributes;
        s.Bind(i, a.Generation).Bind(i + 1, (ulong)a.Mode).Bind(i + 2, (ulong)a.Nlink).Bind(i + 3, (ulong)a.Uid)
            .Bind(i + 4, (ulong)a.Gid).Bind(i + 5, (ulong)a.Rdev).Bind(i + 6, a.SizeBytes).Bind(i + 7, a.AllocatedBytes)
            .Bind(i + 8, a.Atime.Nanoseconds).Bind(i + 9, a.Mtime.Nanoseconds).Bind(i + 10, a.Ctime.Nanoseconds)
            .Bind(i + 11, a.Btime.Nanoseconds).Bind(i + 12, a.ChangeCounter).Bind(i + 13, row.Parent.Value);
    }

    private static InodeRow ReadInode(SqliteStatement s, RowPlace place, int i) => new(
        new(new((ulong)place.Owner), s.UInt64(i), s.UInt32(i + 1), s.UInt32(i + 2), s.UInt32(i + 3), s.UInt32(i + 4),
            s.UInt32(i + 5), s.UInt64(i + 6), s.UInt64(i + 7), new(s.Int64(i + 8)), new(s.Int64(i + 9)),
            new(s.Int64(i + 10)), new(s.Int64(i + 11)), s.UInt64(i + 12)),
        new(s.UInt64(i + 13)), place.From);

    private static void BindDentry(SqliteStatement s, int i, DentryRow row) =>
        s.Bind(i, row.Name.Bytes).Bind(i + 1, row.Child.Value).Bind(i + 2, (ulong)row.Type);

    private static DentryRow ReadDentry(SqliteStatement s, RowPlace place, int i) => new(
        new((ulong)place.Owner), Name(s.Blob(i)), (ulong)place.Item, new(s.UInt64(i + 1)), (byte)s.Int64(i + 2),
            place.From);

    private static StoredAnswerRow ReadAnswer(SqliteStatement s, RowPlace place, int i)
    {
        var reader = new RecordReader(s.Blob(i));
        var kind = (AnswerKind)reader.Byte();
        return new(new((ulong)place.Owner), (ulong)place.Item, kind, reader.Bytes().ToArray(), place.From);
    }

    private static FsName Name(ReadOnlySpan<byte> bytes) => FsName.TryParse(bytes, out var name) == FsError.None
        ? name
        : throw new FsException(FsError.EIO, "The tables hold a name that is none");

    // Bound at once: SQLite copies it.
    private static RecordWriter Scratch()
    {
        var writer = t_scratch ??= new();
        writer.Clear();
        return writer;
    }

    private static ReadOnlySpan<byte> Encode(ExtentRow row)
    {
        var writer = Scratch();
        RowCodec.WritePieces(writer, row.Pieces.AsSpan());
        return writer.Written;
    }

    private static ReadOnlySpan<byte> Encode(AnswerRow row)
    {
        var writer = Scratch();
        AnswerCodec.Write(writer, row);
        return writer.Written;
    }

    private static ReadOnlySpan<byte> Encode(ImmutableArray<SessionId> holders)
    {
        var writer = Scratch();
        foreach (var holder in holders) writer.UInt64(holder.Value);
        return writer.Written;
    }

    private static ImmutableArray<ExtentPiece> DecodePieces(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        return RowCodec.ReadPieces(ref reader);
    }

    private static ImmutableArray<SessionId> DecodeHolders(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var holders = ImmutableArray.CreateBuilder<SessionId>();
        while (reader.Remaining > 0) holders.Add(new(reader.UInt64()));
        return holders.ToImmutable();
    }
}
