using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>What every form of the tables has to do.</summary>
public abstract class RowTableConformance
{
    private static readonly ShardId Five = new(5);

    [Fact]
    public async Task Every_kind_of_row_comes_back_as_it_was()
    {
        await using var rows = Open();
        Apply(rows, SampleRows.All.Select(row => new TableChange(Five, row.Key, row)));
        foreach (var row in SampleRows.All)
        {
            Assert.Equal(SampleRows.Hex(row), SampleRows.Hex(rows.Find(Five, row.Key)!));
            Assert.Null(rows.Find(new(6), row.Key));
            Assert.Single(rows.ReadAll(row.Key.Kind));
        }
    }

    [Fact]
    public async Task Scans_are_in_order_and_begin_after_the_item()
    {
        await using var rows = Open();
        ulong[] cookies = [256, 512, 513, 1UL << 59];
        Apply(rows, cookies.Select(cookie => Dentry(1, cookie)).Concat([Dentry(2, 300)]));
        var page = new Row[3];
        Assert.Equal(3, rows.Scan(Five, RowKind.Dentry, 1, 256, page));
        Assert.Equal(new long[] { 512, 513, 1L << 59 }, page.Select(row => row.Key.Item));
        Assert.Equal(0, rows.Scan(Five, RowKind.Dentry, 1, 1L << 59, page));
        Assert.Equal(3, rows.Scan(Five, RowKind.Dentry, 1, -1, page));
        Assert.Equal(256, page[0].Key.Item);
    }

    [Fact]
    public async Task A_transaction_replaces_deletes_and_moves_the_checkpoint()
    {
        await using var rows = Open();
        Assert.Equal(TableCheckpoint.Empty, rows.Checkpoint);
        var (kept, gone) = (Dentry(1, 256), Dentry(1, 512));
        Apply(rows, [kept, gone]);
        var checkpoint = new TableCheckpoint(7, 8192, 5, 4096, new(99));
        var renamed = (DentryRow)kept.Row! with { Name = FsName.Of("other") };
        rows.Apply(new([kept with { Row = renamed }, gone with { Row = null }],
            [new(Five, 3), new(new(4095), 9)], checkpoint));
        rows.MakeDurable();

        Assert.Equal(checkpoint, rows.Checkpoint);
        Assert.Equal(FsName.Of("other"), ((DentryRow)rows.Find(Five, kept.Key)!).Name);
        Assert.Null(rows.Find(Five, gone.Key));
        Assert.Equal(3UL, rows.FindSequence(Five));
        Assert.Equal(0UL, rows.FindSequence(new(6)));
        Assert.Equal([new(Five, 3), new(new(4095), 9)], rows.ReadSequences());
    }

    [Fact]
    public async Task Settings_are_kept()
    {
        await using var rows = Open();
        Assert.Null(rows.FindSetting("a"));
        rows.SetSetting("a", [1, 2]);
        rows.SetSetting("a", [3]);
        Assert.Equal([3], rows.FindSetting("a")!);
    }

    protected abstract IRowTable Open();

    internal static TableChange Dentry(ulong directory, ulong cookie)
    {
        var row = new DentryRow(new(directory), FsName.Of($"n{cookie}"), cookie, new(cookie + 5), 8, SampleRows.Time);
        return new(Five, row.Key, row);
    }

    internal static void Apply(IRowTable rows, IEnumerable<TableChange> changes)
    {
        rows.Apply(new([.. changes], [new(Five, 1)], TableCheckpoint.Empty with { Append = 1 }));
        rows.MakeDurable();
    }
}

public sealed class MemoryRowTableTests : RowTableConformance
{
    protected override IRowTable Open() => new MemoryRowTable();
}

public sealed class SqliteRowTableTests : RowTableConformance, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cfs-rows-").FullName;

    private string File => Path.Combine(_folder, "meta.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Rows_and_settings_are_there_when_it_is_opened_again()
    {
        var dentry = Dentry(1, 256);
        await using (var rows = SqliteRowTable.Open(File))
        {
            Apply(rows, [dentry]);
            rows.SetSetting("a", [1]);
        }

        await using var again = SqliteRowTable.Open(File);
        Assert.Equal(1UL, again.Checkpoint.Append);
        Assert.Equal(dentry.Row, again.Find(new(5), dentry.Key));
        Assert.Equal([1], again.FindSetting("a")!);
    }

    [Fact]
    public async Task Views_show_people_what_is_there()
    {
        await using var rows = SqliteRowTable.Open(File);
        Apply(rows, [Dentry(1, 256), new(new(5), RowKey.Inode(SampleRows.Inode), SampleRows.All.First())]);
        using var connection = SqliteConnection.Open(File, isReadOnly: false);
        Assert.Equal(1, connection.Number("SELECT count(*) FROM v_dentry WHERE name = 'n256' AND hash = 1"));
        Assert.Equal(1, connection.Number("SELECT count(*) FROM v_inode WHERE type = 'file' AND permissions = '0644'"));
        Assert.Equal(1, connection.Number("SELECT reaches_append FROM v_progress"));
    }

    [Fact]
    public async Task A_file_of_another_version_or_kind_is_refused()
    {
        await using (SqliteRowTable.Open(File))
        {
        }

        using (var connection = SqliteConnection.Open(File, isReadOnly: false)) connection.Execute(
            "PRAGMA user_version = 9");
        Assert.Contains("version 9", Assert.Throws<FsException>(() => SqliteRowTable.Open(File)).Message);
        using (var connection = SqliteConnection.Open(File, isReadOnly: false)) connection.Execute(
            "PRAGMA application_id = 1");
        Assert.Equal(FsError.EPROTO, Assert.Throws<FsException>(() => SqliteRowTable.Open(File)).Error);
    }

    [Fact]
    public async Task Epochs_only_grow_over_restarts()
    {
        await using var rows = SqliteRowTable.Open(File);
        using (var first = SqliteCoordination.Open(File))
        {
            await first.RaiseAllAsync();
            Assert.Equal(new Epoch(1), first.EpochOf(new(7)));
            Assert.Equal(new Epoch(2), await first.RaiseAsync(new(7)));
            Assert.Equal(new Epoch(1), first.EpochOf(new(8)));
        }

        using var second = SqliteCoordination.Open(File);
        await second.RaiseAllAsync();
        Assert.Equal(new Epoch(3), second.EpochOf(new(7)));
        Assert.Equal(new Epoch(3), second.EpochOf(new(8)));
    }

    protected override IRowTable Open() => SqliteRowTable.Open(File);
}
