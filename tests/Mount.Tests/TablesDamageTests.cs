using System.Buffers.Binary;
using System.Globalization;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.TestKit;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// Pages of meta.db without which others are not found: the first one, and inner pages of tables. What lies below is
/// found all the same, and nothing that was deleted comes back. CLAUDEFS_TEST_LONG=1 damages every inner page.
/// </summary>
public sealed class TablesDamageTests : IAsyncLifetime
{
    private const int PageBytes = 8192;
    private const int SamplePages = 2;

    private const string Fill =
        "for d in $(seq 30); do mkdir d$d gone$d; for i in $(seq 60); do echo $d >d$d/file-$i; "
        + "echo $i >gone$d/gone-$i; done; done; head -c 3M /dev/urandom >large; sync .; rm -r gone*; sync .";

    private DevMount _mount = null!;
    private byte[] _good = [];

    private string Tables => Path.Combine(_mount.DataDirectory, "meta.db");

    public async Task InitializeAsync()
    {
        _mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(Fill, _mount.MountPoint);
        await _mount.Daemon.UnmountAsync();
        _good = await File.ReadAllBytesAsync(Tables);
    }

    public async Task DisposeAsync() => await _mount.DisposeAsync();

    [Theory]
    [InlineData(0)]       // magic and header
    [InlineData(4096)]    // the schema
    public async Task The_first_page_is_made_anew(int at)
    {
        var rows = await CountAsync();
        Assert.Equal((30 * 60) + 31, rows["dentry"]);
        await DamageAsync(1, at);
        Assert.Contains("--repair` keeps", await CheckAsync("", 1, "offset 0"), StringComparison.Ordinal);
        await CheckAsync("--repair", 0, "offset 0");
        await CheckAsync("", 0, "clean;");
        Assert.Equal(rows, await CountAsync());
        await _mount.StartDaemonAsync();
        Assert.Equal("1800\n", await Shell.RunAsync("cat d*/file-* | wc -l; cat large >/dev/null", _mount.MountPoint));
    }

    [Fact]
    public async Task Rows_below_an_inner_page_are_found_and_what_was_deleted_stays_so()
    {
        var rows = await CountAsync();
        var free = await SqlAsync("PRAGMA freelist_count");
        Assert.True(long.Parse(free, CultureInfo.InvariantCulture) > 5, "nothing deleted is left that could come back");
        var listed = await SqlAsync("SELECT pageno || ' ' || name FROM dbstat WHERE pagetype = 'internal'");
        var inner = listed.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(inner.Length >= 3, $"there are too few inner pages: {listed}");
        foreach (var line in inner.Take(TestLength.IsLong ? inner.Length : SamplePages))
        {
            var (page, table) = (int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture), line.Split(' ')[1]);
            var own = BinaryPrimitives.ReadUInt16BigEndian(_good.AsSpan(((page - 1) * PageBytes) + 3));
            await File.WriteAllBytesAsync(Tables, _good);
            await DamageAsync(page, 512);
            var name = string.Create(CultureInfo.InvariantCulture, $"meta.db at offset {(page - 1) * PageBytes}:");
            await CheckAsync("", 1, name);
            await CheckAsync("--repair", 0, "were found below a damaged page");
            await CheckAsync("", 0, ": clean");

            // Only the rows on the page itself are lost, and what they alone led to.
            var left = await CountAsync();
            Assert.InRange(left[table], rows[table] - own, rows[table] + 1);
            Assert.Equal("0\n", await SqlAsync("SELECT count(*) FROM dentry WHERE CAST(name AS TEXT) LIKE 'gone%'"));
        }
    }

    private async Task<Dictionary<string, long>> CountAsync()
    {
        var rows = new Dictionary<string, long>();
        foreach (var table in new[] { "inode", "dentry", "inline", "extent" })
            rows[table] = long.Parse(await SqlAsync($"SELECT count(*) FROM {table}"), CultureInfo.InvariantCulture);
        return rows;
    }

    private Task<string> SqlAsync(string sql) => Shell.RunAsync($"sqlite3 '{Tables}' \"{sql}\"");

    private async Task DamageAsync(int page, int at)
    {
        await using var file = File.OpenWrite(Tables);
        var garbage = new byte[512];
        new Random(page).NextBytes(garbage);
        file.Position = ((page - 1) * PageBytes) + at;
        await file.WriteAsync(garbage);
    }

    private async Task<string> CheckAsync(string option, int expected, string said)
    {
        var check = await Shell.TryAsync($"'{Daemon.Program}' fsck {option} --data '{_mount.DataDirectory}'");
        Assert.True(check.ExitCode == expected, $"fsck {option}: {check.ExitCode}: {check.Output}{check.Error}");
        Assert.Contains(said, check.Output, StringComparison.Ordinal);
        return check.Output;
    }
}
