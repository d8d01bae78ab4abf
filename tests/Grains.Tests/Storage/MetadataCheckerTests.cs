using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

public class MetadataCheckerTests
{
    private static readonly Stamp Time = SampleRows.Time;

    [Fact]
    public void A_sound_file_system_has_no_findings_and_all_references()
    {
        var report = Check(_ => { });
        Assert.Empty(report.Findings);
        Assert.Equal((4, 3), (report.InodeCount, report.EntryCount));
        Assert.Equal(1, report.References[new(new(7), 0)].Delta);
    }

    [Fact]
    public void What_the_log_holds_is_checked_and_nothing_is_changed()
    {
        var simulated = Make();
        var shard = simulated.Shard();
        var batch = shard.Begin(default, OperationKind.EntryRemoved);
        batch.DeleteInode(File);
        simulated.Commit(batch);
        var checkpoint = simulated.Rows.Checkpoint;
        var report = Check(simulated);
        Assert.Contains(report.Findings, finding => finding.What.Contains("names an inode that is not there"));
        Assert.Equal(checkpoint, simulated.Rows.Checkpoint);
        Assert.NotNull(simulated.Rows.Find(new(0), RowKey.Inode(File)));
    }

    [Fact]
    public void Damage_in_the_log_is_named()
    {
        var simulated = Make();
        for (var i = 0; i < 3; i++) simulated.Commit(simulated.Shard().Begin(default, OperationKind.GapFilled));
        simulated.Device.FlipBit(4096 + 8);
        var finding = Check(simulated).Findings[0];
        Assert.Equal(CheckSeverity.Damage, finding.Severity);
        Assert.Contains("offset 4096", finding.What);
    }

    [Theory]
    [InlineData("no name and is no orphan", "drop-entry")]
    [InlineData("names an inode that is not there", "drop-inode")]
    [InlineData("link count is 5, but 1", "nlink")]
    [InlineData("link count is 9, but it has 1 directories", "root-nlink")]
    [InlineData("size is 9, but it has 2 entries", "root-nlink")]
    [InlineData("names 99 as its parent", "parent")]
    [InlineData("cannot be reached", "cycle")]
    [InlineData("overlap or lie outside", "overlap")]
    [InlineData("overlap or lie outside", "outside")]
    [InlineData("beyond the end of the file", "beyond")]
    [InlineData("longer than the file", "inline")]
    [InlineData("inline content and extents", "inline")]
    [InlineData("disagree", "disagree")]
    [InlineData("no target", "symlink")]
    [InlineData("A counter says", "counter")]
    [InlineData("were promised", "ceiling")]
    [InlineData("orphan's row is of an inode that has names", "orphan")]
    [InlineData("where no lookup finds it", "cookie")]
    [InlineData("belongs to an inode that is not there", "xattr")]
    [InlineData("type differs", "type")]
    [InlineData("has 2 names", "two-names")]
    public void Every_broken_invariant_is_found(string expected, string broken)
    {
        var report = Check(change => Break(broken, change));
        Assert.Contains(report.Findings, finding => finding.What.Contains(expected));
    }

    /// <summary>The same broken invariants, and rows that are gone: repaired, and said, and all is sound.</summary>
    [Theory]
    [InlineData("drop-entry", "/lost+found/inode-21")]
    [InlineData("drop-inode", "/folder/file")]       // its content shows that it was there
    [InlineData("drop-folder-inode", "/folder/file")]
    [InlineData("drop-folder-entry", "/lost+found/inode-20/file")]
    [InlineData("drop-root", "/folder/file")]
    [InlineData("nlink", "/folder/file")]
    [InlineData("root-nlink", "/folder/file")]
    [InlineData("parent", "/folder/file")]
    [InlineData("cycle", "/lost+found/inode-20/file")]
    [InlineData("overlap", "/folder/file")]
    [InlineData("outside", "/folder/file")]
    [InlineData("beyond", "/folder/file")]
    [InlineData("inline", "/folder/file")]
    [InlineData("disagree", "/folder/file")]
    [InlineData("symlink", "/folder/file")]
    [InlineData("counter", "/folder/file")]
    [InlineData("ceiling", "/folder/file")]
    [InlineData("drop-shard", "/folder/file")]
    [InlineData("orphan", "/folder/file")]
    [InlineData("cookie", "/folder/file")]
    [InlineData("xattr", "/folder/file")]
    [InlineData("type", "/folder/file")]
    [InlineData("two-names", "/folder/file")]
    public void What_is_broken_is_repaired_and_sound_again(string broken, string path)
    {
        var simulated = Make();
        Break(broken, (key, row) => Apply(simulated, key, row));
        Assert.NotEmpty(Check(simulated).Findings);
        var target = new MemoryRowTable();
        var done = simulated.Loops.Run(MetadataRepair.RunAsync(
            simulated.Rows, simulated.Device, simulated.Identity, target, simulated.Loops, simulated.Time,
            new HashSet<ChunkLocation>(), []));
        Assert.True(done.Count > 0 || broken == "counter", "nothing was said");
        Assert.All(done, finding => Assert.Equal(CheckSeverity.Repaired, finding.Severity));

        var again = simulated.Loops.Run(MetadataChecker.CheckAsync(
            target, simulated.Device, FileSystemIdentity.Read(target)!, feed: null, verifier: null, simulated.Loops,
            simulated.Time));
        Assert.True(again.Findings.Count == 0, string.Join('\n', again.Findings.Concat(done)));
        var at = InodeId.Root;
        foreach (var name in path.Split('/')[1..])
        {
            var (parent, cookie) = (at, NameHash.Of(Identity).FirstKey(FsName.Of(name).Bytes));
            at = Assert.IsType<DentryRow>(target.Find(new(0), RowKey.Dentry(parent, cookie))).Child;
        }

        Assert.Equal(File, at);
    }

    [Fact]
    public void Content_that_cannot_be_read_is_recorded_as_lost()
    {
        var target = Repair(Make(), new HashSet<ChunkLocation> { new(new(7), 0) });
        AssertLost(target, 0, 4096);
    }

    /// <summary>The inode says that more is allocated than is there: which holes are none, nobody knows.</summary>
    [Fact]
    public void A_file_that_lacks_an_extent_has_no_zeros_in_its_place()
    {
        var simulated = Make();
        var end = Limits.ExtentBytes + 5000u;
        var file = TestRows.File(File, Time, end);
        file = file with { Attributes = file.Attributes with { AllocatedBytes = 12_288 } };
        Apply(simulated, file.Key, file);
        AssertLost(Repair(simulated, new HashSet<ChunkLocation>()), 4096, end);
    }

    private static MemoryRowTable Repair(SimulatedStore simulated, IReadOnlySet<ChunkLocation> lostItems)
    {
        var target = new MemoryRowTable();
        simulated.Loops.Run(MetadataRepair.RunAsync(
            simulated.Rows, simulated.Device, simulated.Identity, target, simulated.Loops, simulated.Time, lostItems,
            []));
        var report = simulated.Loops.Run(MetadataChecker.CheckAsync(
            target, simulated.Device, FileSystemIdentity.Read(target)!, feed: null, verifier: null, simulated.Loops,
            simulated.Time));
        Assert.Empty(report.Findings);
        Assert.StartsWith("/folder/file, offset ", Assert.Single(report.LostFiles));
        Assert.Equal(FileSystemIdentity.LostContentLevel, FileSystemIdentity.Read(target)!.Level);
        return target;
    }

    // From where to where all of the file is lost.
    private static void AssertLost(MemoryRowTable rows, ulong from, ulong to)
    {
        var at = from;
        for (var index = 0u; index * (ulong)Limits.ExtentBytes < to; index++)
        {
            foreach (var piece in Assert.IsType<ExtentRow>(rows.Find(new(0), RowKey.Extent(File, index))).Pieces)
            {
                if (piece.Kind != PieceKind.Lost) continue;
                Assert.Equal(at, (index * (ulong)Limits.ExtentBytes) + piece.Offset);
                at += piece.Length;
            }
        }

        Assert.Equal(to, at);
    }

    [Fact]
    public void Rows_that_cannot_be_read_come_from_the_log_also_beyond_damage()
    {
        var simulated = Make();
        for (var i = 0; i < 5; i++)
        {
            var batch = simulated.Shard().Begin(default, OperationKind.GapFilled);
            batch.Put(new InlineRow(new(30 + (ulong)i), [(byte)i], Time));
            batch.Put(TestRows.File(new(30 + (ulong)i), Time, 1));
            batch.Put(Entry(Folder, $"n{i}", new(30 + (ulong)i)));
            simulated.Commit(batch);
        }

        // One append is lost; the tables have forgotten another, which the log still holds.
        simulated.Device.FlipBit((2 * 4096) + 90);
        simulated.Device.FlipBit((2 * 4096) + 190);
        simulated.Loops.RunAll();
        Apply(simulated, RowKey.Inode(new(30)), null);
        var target = new MemoryRowTable();
        var done = simulated.Loops.Run(MetadataRepair.RunAsync(
            simulated.Rows, simulated.Device, simulated.Identity, target, simulated.Loops, simulated.Time,
            new HashSet<ChunkLocation>(), []));
        Assert.Contains(
            done, finding => finding.What.Contains("append 3 at offset 8192 is bad", StringComparison.Ordinal));
        foreach (var number in new ulong[] { 30, 31, 33, 34 })
            Assert.NotNull(target.Find(new(0), RowKey.Inode(new(number))));
        Assert.Equal((5UL, 6UL), (target.Checkpoint.Append, target.Checkpoint.TailAppend));
    }

    private static readonly InodeId Folder = new(20), File = new(21), Link = new(22);

    private static void Break(string what, Action<RowKey, Row?> change)
    {
        var file = TestRows.File(File, Time, 4096);
        var root = TestRows.Directory(InodeId.Root, InodeId.Root, Time, 2);
        switch (what)
        {
            case "drop-entry": change(Entry(Folder, "file", File).Key, null); break;
            case "drop-inode": change(RowKey.Inode(File), null); break;
            case "drop-folder-inode": change(RowKey.Inode(Folder), null); break;
            case "drop-folder-entry": change(Entry(InodeId.Root, "folder", Folder).Key, null); break;
            case "drop-root": change(RowKey.Inode(InodeId.Root), null); break;
            case "drop-shard": change(RowKey.Shard, null); break;
            case "nlink": Put(file with { Attributes = file.Attributes with { Nlink = 5,
                AllocatedBytes = 4096 } }); break;
            case "root-nlink": Put(root with { Attributes = root.Attributes with { Nlink = 9, SizeBytes = 9 } }); break;
            case "parent": Put(TestRows.Directory(Folder, new(99), Time, 1)); break;
            case "cycle":
                change(Entry(InodeId.Root, "folder", Folder).Key, null);
                Put(Entry(Folder, "loop", Folder, 4));
                break;
            case "overlap": Put(new ExtentRow(File, 0, [Scene.Piece(0, 7), Scene.Piece(100, 8)], Time)); break;
            case "outside": Put(new ExtentRow(File, 0, [Scene.Piece(1 << 20, 8)], Time)); break;
            case "beyond": Put(new ExtentRow(File, 3, [Scene.Piece(0, 8)], Time)); break;
            case "inline": Put(new InlineRow(File, new byte[5000], Time)); break;
            case "disagree": Put(new ExtentRow(File, 0, [Scene.Piece(0, 7), Scene.Piece(4096, 7, 99)], Time)); break;
            case "symlink": change(RowKey.Inline(Link), null); break;
            case "counter": Put(new CounterRow(CounterKey.User(1000), 1, 2, Time)); break;
            case "ceiling": Put(new ShardRow(new(0), 21, false, Time)); break;
            case "orphan": Put(new OrphanRow(File, [], Time)); break;
            case "cookie": Put(Entry(Folder, "lost", File) with { Cookie = 256 }); break;
            case "xattr": Put(new XattrRow(new(500), FsName.Of("a"), 256, [], Time)); break;
            case "type": Put(Entry(Folder, "file", File, 4)); break;
            default: Put(Entry(Folder, "again", Folder, 4)); break;
        }

        void Put(Row row) => change(row.Key, row);
    }

    private static SimulatedStore Make()
    {
        var simulated = SimulatedStore.Open(1);
        Identity = simulated.Identity;
        var link = TestRows.File(Link, Time, 3);
        Row[] rows =
        [
            TestRows.Directory(InodeId.Root, InodeId.Root, Time, 2) is var root
                ? root with { Attributes = root.Attributes with { Nlink = 3 } } : root,
            TestRows.Directory(Folder, InodeId.Root, Time, 1),
            TestRows.File(File, Time, 4096) is var file
                ? file with { Attributes = file.Attributes with { AllocatedBytes = 4096 } } : file,
            link with { Attributes = link.Attributes with { Mode = Primitives.FileMode.Symlink | 0x1FF } },
            new InlineRow(Link, [1, 2, 3], Time),
            Entry(InodeId.Root, "folder", Folder, 4), Entry(InodeId.Root, "link", Link, 10), Entry(Folder, "file",
                File),
            new ExtentRow(File, 0, [Scene.Piece(0, 7)], Time),
            new CounterRow(CounterKey.User(1000), 4096, 4, Time), new CounterRow(CounterKey.Group(100), 4096, 4, Time),
            new ShardRow(new(0), 100, false, Time),
        ];
        foreach (var row in rows) Apply(simulated, row.Key, row);
        return simulated;
    }

    private static FileSystemIdentity Identity { get; set; } = null!;

    private static DentryRow Entry(InodeId directory, string name, InodeId child, byte type = 8) => new(
        directory, FsName.Of(name), NameHash.Of(Identity).FirstKey(FsName.Of(name).Bytes), child, type, Time);

    private static MetadataReport Check(Action<Action<RowKey, Row?>> breaking)
    {
        var simulated = Make();
        breaking((key, row) => Apply(simulated, key, row));
        return Check(simulated);
    }

    private static MetadataReport Check(SimulatedStore simulated) => simulated.Loops.Run(MetadataChecker.CheckAsync(
        simulated.Rows, simulated.Device, simulated.Identity, feed: null, verifier: null,
        simulated.Loops, simulated.Time));

    private static void Apply(SimulatedStore simulated, RowKey key, Row? row) =>
        simulated.Rows.Apply(new([new(new(0), key, row)], [], simulated.Rows.Checkpoint));
}
