using System.Globalization;
using System.Text.RegularExpressions;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Mount.Tests.Damage;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Primitives;
using ClaudeFs.Silo.Check;
using ClaudeFs.TestKit;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// Whole sectors are lost: overwritten with garbage, or zeros. It is seen and named, a repair keeps what can be read,
/// a second check finds nothing but the files that it lists, and the file system works with what is left. Where only
/// content can be lost, just the files give EIO whose bytes were hit, also before the repair.
/// CLAUDEFS_TEST_LONG=1 damages 20 places of each kind.
/// </summary>
public sealed class SectorDamageTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int SamplePlaces = 2;
    private const int LongPlaces = 20;
    private const int ItemBytesMax = 64 << 10;
    private const int InlineBytesMax = 4096;

    private const string Fill =
        "for d in $(seq 12); do mkdir d$d; for i in $(seq 12); do head -c $((d * 900)) /dev/urandom >d$d/f$i; "
        + "ln d$d/f$i d$d/hard$i; ln -s f$i d$d/soft$i; done; done; head -c 3M /dev/urandom >large";

    private const string Sums = "find . -type f ! -name n ! -name new | sort | while read f; do "
        + "sha256sum $f 2>/dev/null || echo \"bad $f\"; done";

    /// <summary>Name and content of each file in the mount, and what gives EIO: "bad ./name".</summary>
    private readonly Dictionary<string, byte[]> _files = [];
    private readonly Dictionary<long, string> _namesOfItems = [];
    private HashSet<string> _sums = [];
    private DirectoryCopy _copy = null!;
    private SectorDamage _damage = null!;

    public async Task InitializeAsync()
    {
        _copy = await DirectoryCopy.OfKilledAsync(Fill, async mount =>
        {
            _sums = Lines(await Shell.RunAsync(Sums, mount.MountPoint));
            foreach (var path in Directory.GetFiles(mount.MountPoint, "*", SearchOption.AllDirectories))
            {
                var name = Path.GetRelativePath(mount.MountPoint, path);
                if (new FileInfo(path).LinkTarget is null) _files[name] = await File.ReadAllBytesAsync(path);
            }
        });
        long tail;
        await using (var rows = SqliteRowTable.Open(Path.Combine(_copy.Data, "meta.db")))
            tail = rows.Checkpoint.TailPosition;
        _damage = new(_copy, tail, FindItems());
    }

    public Task DisposeAsync()
    {
        _copy.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("superblock")]
    [InlineData("log")]
    [InlineData("segments")]
    [InlineData("items")]
    [InlineData("meta.db")]
    [InlineData("meta.db-wal")]
    [InlineData("blocks.db")]
    [InlineData("blocks.db-wal")]
    public async Task What_is_left_is_kept_and_sound(string region)
    {
        var seed = TestLength.IsLong ? Environment.TickCount : 1;
        var random = new Random(seed);
        var named = 0;
        for (var i = 0; i < (TestLength.IsLong ? LongPlaces : SamplePlaces); i++)
        {
            var (said, names) = await DamageAsync(region, random, isZero: i % 2 == 0);
            named += names.Count;
            await RepairAsync($"seed {seed}: {said}", region, names);
        }

        if (region is "items" or "meta.db-wal" or "blocks.db-wal") Assert.True(named > 0, "nothing in use was hit");
    }

    private async Task RepairAsync(string said, string region, IReadOnlyList<long> names)
    {
        CheckResult repaired;
        var isContent = region is "segments" or "items";
        var lost = isContent ? NamesOf(names) : [];
        try
        {
            var broken = await _copy.CheckAsync();
            var first = broken.Findings.Count > 0 ? broken.Findings[0] : null;
            output.WriteLine($"{said}: {broken.BrokenCount} findings, {first}");
            AssertNamed(said, region, names, broken);
            if (isContent) AssertListed(said, lost, broken);
            if (isContent) await ServeAsync(said, broken, lost);
            repaired = await _copy.CheckAsync(repair: true);
        }
        catch (FsException fault) when (fault.Error == FsError.EIO && MayLoseRows(region))
        {
            // Nothing to begin with: it says so, and leaves everything as it is.
            output.WriteLine($"{said}: refused: {fault.Message}");
            return;
        }

        if (MayLoseRows(region) && repaired.Findings.Any(static finding => finding.Advice.StartsWith("Restore a b")))
        {
            output.WriteLine($"{said}: refused: {repaired.Findings[^1]}");
            return;
        }

        // Content that is gone stays gone, and listed; nothing is broken.
        var again = await _copy.CheckAsync();
        output.WriteLine($"{said}: {repaired.Findings.Count} repaired, {again.Findings.Count} left; "
            + $"{again.Inodes} inodes, {again.Entries} entries");
        AssertSound(said, again);
        if (!MayLoseRows(region)) AssertListed(said, lost, again);
        await ServeAsync(said, again, MayLoseRows(region) ? null : lost);
        AssertSound($"{said}: after use", await _copy.CheckAsync());
    }

    // Of the others a second copy is somewhere.
    private static bool MayLoseRows(string region) => region is "log" or "meta.db";

    private static void AssertSound(string said, CheckResult check)
    {
        var harmed = check.Findings.Where(static finding => finding.IsBroken).ToList();
        Assert.True(harmed.Count == 0, $"{said}: {string.Join('\n', harmed.Take(10))}");
    }

    private static void AssertNamed(string said, string region, IReadOnlyList<long> names, CheckResult check)
    {
        var file = region is "superblock" or "log" or "segments" or "items" ? "device.cfs" : region;
        var found = check.Findings.Select(static finding => $"{finding.Where}: {finding.What}.").ToList();
        foreach (var name in names)
        {
            var place = string.Create(CultureInfo.InvariantCulture, $@"offset {name}\D");
            Assert.True(
                found.Exists(text => text.Contains(file) && Regex.IsMatch(text, place)),
                $"{said} ({name}) was not named: {string.Join('\n', found.Take(10))}");
        }
    }

    // The files, by each of their names, and no others.
    private static void AssertListed(string said, HashSet<string> lost, CheckResult check)
    {
        var listed = check.Findings.Select(static finding => finding.Where)
            .Where(static where => where.StartsWith('/') && where.Contains(", offset "))
            .Select(static where => where[1..where.IndexOf(", offset ", StringComparison.Ordinal)]).ToHashSet();
        Assert.True(
            listed.SetEquals(lost), $"{said}: {string.Join(' ', listed)} are listed, not {string.Join(' ', lost)}");
    }

    // Everything can be listed and read, but for the files that the check names; and changed. What is lost is known, or
    // that the check lists it.
    private async Task ServeAsync(string said, CheckResult check, HashSet<string>? lost)
    {
        await using var daemon = await _copy.StartAsync();
        var read = await Shell.TryAsync(
            $"{Sums}; echo new >new; sync .; test $(cat new) = new; test $(find . | wc -l) -gt 0", _copy.MountPoint);
        Assert.True(read.ExitCode == 0, $"{said}: {read.Error}");
        var sums = Lines(read.Output);
        var bad = sums.Where(static line => line.StartsWith("bad ./", StringComparison.Ordinal))
            .Select(static line => line["bad ./".Length..]).ToHashSet();
        foreach (var name in bad)
        {
            Assert.True(
                check.Findings.Any(finding => finding.Where.StartsWith($"/{name},", StringComparison.Ordinal)),
                $"{said}: {name} cannot be read, and was not listed");
        }

        if (lost is not null)
        {
            var expected = _sums.Where(line => !lost.Contains(line[(line.IndexOf('/') + 1)..])).Concat(
                lost.Select(static name => $"bad ./{name}")).ToHashSet();
            Assert.True(
                sums.SetEquals(expected), $"{said}: what is read is not what was written: "
                + $"{string.Join('\n', sums.Except(expected).Concat(expected.Except(sums)).Take(10))}");
        }

        await daemon.UnmountAsync();
    }

    private async Task<(string Said, IReadOnlyList<long> Names)> DamageAsync(string region, Random random, bool isZero)
    {
        var (file, from, to) = _damage.Draw(region, random);
        var bytes = (int)Math.Min(random.Next(2) == 0 ? 512 : 4096, to - from);
        var offset = from + (random.NextInt64(Math.Max(1, (to - from) / bytes)) * bytes);
        var changed = (byte[])_copy.Good[file].Clone();
        var sector = changed.AsSpan((int)offset, bytes);
        if (isZero) sector.Clear();
        else random.NextBytes(sector);

        // Zeros over zeros harm nothing.
        var same = sector.CommonPrefixLength(_copy.Good[file].AsSpan((int)offset, bytes));
        await _copy.PutAsync(file, changed);
        return (SectorDamage.Describe(isZero, bytes, file, offset),
            same == bytes ? [] : _damage.NamesOf(region, offset + same, bytes - same));
    }

    // By their content, which is random: where in the device it lies. A stored item is up to 64 KiB of a file.
    private List<(long Offset, int Bytes)> FindItems()
    {
        var items = new List<(long, int)>();
        foreach (var (name, content) in _files.Where(static file => file.Value.Length > InlineBytesMax))
        {
            for (var at = 0; at < content.Length; at += ItemBytesMax)
            {
                var item = content.AsSpan(at, Math.Min(ItemBytesMax, content.Length - at));
                var offset = _copy.Good["device.cfs"].AsSpan().IndexOf(item);
                Assert.True(offset > 0, $"{name} is not in the device from {at} on");
                if (_namesOfItems.TryAdd(offset, name)) items.Add((offset, item.Length));
            }
        }

        return items;
    }

    private HashSet<string> NamesOf(IReadOnlyList<long> items) =>
    [
        .. items.SelectMany(item => _files.Where(file => file.Value.AsSpan().SequenceEqual(_files[_namesOfItems[item]]))
            .Select(static file => file.Key)),
    ];

    private static HashSet<string> Lines(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
}
