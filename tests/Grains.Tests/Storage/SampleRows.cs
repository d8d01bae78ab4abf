using System.Collections.Immutable;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>One row of each kind, every field different from its default.</summary>
internal static class SampleRows
{
    public static readonly Stamp Time = new(1_700_000_000_123_456_789);

    public static readonly InodeId Inode = InodeId.Of(new(5), 77);

    public static InodeAttributes Attributes => new(
        Inode, 3, 0x81A4, 2, 1000, 100, 7, 123_456_789_012, 4096, new(Time.Nanoseconds - 5), new(
            Time.Nanoseconds + 6), Time,
        new(Time.Nanoseconds - 1_000_000), 42);

    public static ImmutableArray<ExtentPiece> Pieces =>
    [
        new(0, 65_536, PieceKind.Chunk, 1, new(new(9), 64), 60_000, 0, 0xCAFEBABE, new(1, 2, 3, 4)),
        new(65_536, 4096, PieceKind.Located, 0, new(new(10), 128), 4096, 12, 0x12345678, default),
        new(131_072, 8192, PieceKind.Unwritten, 0, default, 0, 0, 0, default),
        new(1_044_480, 4096, PieceKind.Lost, 0, default, 0, 0, 0, default),
    ];

    public static IEnumerable<Row> All =>
    [
        new InodeRow(Attributes, InodeId.Root, Time),
        new DentryRow(InodeId.Root, FsName.Of("näme"), 0xABCDEF012345600, Inode, 8, Time),
        new ExtentRow(Inode, 12, Pieces, Time),
        new InlineRow(Inode, [1, 2, 3, 0, 255], Time),
        new XattrRow(Inode, FsName.Of("user.mime"), 0x123400, [9, 8, 7], Time),
        new OrphanRow(Inode, [new(0x1122334455667788), new(2)], Time),
        new SessionRow(new(0x7122334455667788), "host:/mnt", true, Time),
        new SessionShardRow(new(0x7122334455667788), Time),
        new StoredAnswerRow(new(0x7122334455667788), 300, AnswerKind.Nothing, [], Time),
        new CounterRow(CounterKey.Group(100), -5, 70_000, Time),
        new QuotaRow(CounterKey.User(1000), new(1 << 30, 5000), Time),
        new ShardRow(new(5), 8192, true, Time),
    ];

    /// <summary>Compares as the log sees them: rows with arrays have no value equality.</summary>
    public static string Hex(Row row)
    {
        var writer = new ClaudeFs.Grains.Storage.Log.RecordWriter();
        RowCodec.Write(writer, row);
        return Convert.ToHexStringLower(writer.Written);
    }
}
