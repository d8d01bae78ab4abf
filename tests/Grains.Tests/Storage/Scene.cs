using System.Collections.Immutable;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>Short words for what tests of the store do again and again.</summary>
internal static class Scene
{
    public static readonly InodeId Folder = InodeId.Root;

    public static FsName Name(string text) => FsName.Of(text);

    public static DentryRow? Find(this Shard shard, string name)
    {
        var version = default(ReadVersion);
        return shard.FindDentry(Folder, Name(name), ref version);
    }

    public static ReadVersion VersionOf(this Shard shard, string name)
    {
        var version = default(ReadVersion);
        shard.FindDentry(Folder, Name(name), ref version);
        return version;
    }

    /// <summary>Names of the folder, page by page.</summary>
    public static List<string> List(this Shard shard, int page = 7)
    {
        var all = new List<string>();
        var rows = new DentryRow[page];
        var after = 0UL;
        int count;
        do
        {
            var version = default(ReadVersion);
            count = shard.ReadDentries(Folder, after, rows, ref version);
            all.AddRange(rows.Take(count).Select(row => row.Name.ToString()));
            if (count > 0) after = rows[count - 1].Cookie;
        }
        while (count == page);
        return all;
    }

    public static ShardBatch Create(this Shard shard, string name, in OperationContext op = default)
    {
        var batch = shard.Begin(op, OperationKind.EntryMade);
        var inode = shard.NextInode();
        batch.Put(TestRows.File(inode, batch.Stamp));
        batch.Put(TestRows.Entry(shard, Folder, name, inode, batch.Stamp));
        batch.AddCounter(CounterKey.User(1000), 0, 1);
        return batch;
    }

    public static ShardBatch Remove(this Shard shard, string name, in OperationContext op = default)
    {
        var entry = shard.Find(name)!;
        var batch = shard.Begin(op, OperationKind.EntryRemoved);
        batch.DeleteDentry(entry);
        batch.DeleteInode(entry.Child);
        batch.AddCounter(CounterKey.User(1000), 0, -1);
        return batch;
    }

    public static FsError Commit(this SimulatedStore simulated, ShardBatch batch) =>
        simulated.Loops.Run(batch.Shard.Submit(batch).WhenDurableAsync()).Error;

    public static void CommitCreate(this SimulatedStore simulated, string name) =>
        Assert.Equal(FsError.None, simulated.Commit(simulated.Shard().Create(name)));

    public static ExtentPiece Piece(uint offset, ulong segment, uint length = 4096) => new(
        offset, length, PieceKind.Located, 0, new(new(segment), 0), length, 0, 1, default);

    public static ExtentRow? Extent(this Shard shard, InodeId inode)
    {
        var version = default(ReadVersion);
        return shard.FindExtent(inode, 0, ref version);
    }

    public static ShardBatch Write(this Shard shard, InodeId inode, params ReadOnlySpan<ExtentPiece> pieces)
    {
        var batch = shard.Begin(default, OperationKind.ContentWritten);
        batch.Splice(shard.Extent(inode), inode, 0, pieces);
        return batch;
    }

    public static ImmutableArray<ExtentPiece> PiecesOf(this Shard shard, InodeId inode) =>
        shard.Extent(inode)?.Pieces ?? [];
}
