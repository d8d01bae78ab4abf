using System.Globalization;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Silo.Check;
using ClaudeFs.TestKit;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// Bits flipped in the write-ahead logs of SQLite that a kill leaves: each is named; most are turned back, and the
/// databases are, byte for byte, what they would have been. Where that is not provable, or more is damaged, every row
/// is there all the same.
/// CLAUDEFS_TEST_LONG=1 flips 60 bits in each.
/// </summary>
public sealed class WriteAheadLogTests : IDisposable
{
    private const int SampleFlips = 4;
    private const int LongFlips = 60;

    private static readonly string[] Databases = ["meta.db", "blocks.db"];
    private readonly string _root = Directory.CreateTempSubdirectory("claudefs-test-").FullName;

    private string Data => Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_flipped_bit_is_named_and_harms_nothing()
    {
        var good = await KillAsync();
        var sound = await CheckAsync();
        Assert.Empty(sound.Findings);
        var expected = Read(Databases);
        var seed = TestLength.IsLong ? Environment.TickCount : 1;
        var random = new Random(seed);
        var turnedBack = 0;
        foreach (var database in Databases)
        {
            var (log, pageBytes) = ($"{database}-wal", database == "meta.db" ? 8192 : 4096);
            var frames = CountFrames(good[log], pageBytes);
            Assert.True(frames > 0, $"{log} is empty");
            for (var i = TestLength.IsLong ? LongFlips : SampleFlips; i > 0; i--)
            {
                // The first of them in the header, of file and frame.
                var start = i == 1 ? 0 : 32 + (random.Next(frames) * (24 + pageBytes));
                var at = start + random.Next(i == 1 ? 32 : i == 2 ? 24 : 24 + pageBytes);
                var bad = (byte[])good[log].Clone();
                bad[at] ^= (byte)(1 << random.Next(8));
                await PutAsync(good, log, bad);
                var said = string.Create(CultureInfo.InvariantCulture, $"seed {seed}: a bit of {log} at {at}");
                var check = await CheckAsync();
                var where = string.Create(CultureInfo.InvariantCulture, $"{log} at offset {start}");
                var named = check.Findings.FirstOrDefault(finding => finding.Where.EndsWith(where));
                Assert.True(named is not null, $"{said} was not named: {string.Join('\n', check.Findings)}");
                if (!named.What.Contains("turned back", StringComparison.Ordinal))
                {
                    await AssertAllThereAsync(sound, check, said);
                    continue;
                }

                turnedBack++;
                Assert.Single(check.Findings);
                foreach (var (name, bytes) in Read(Databases))
                {
                    var same = bytes.AsSpan().CommonPrefixLength(expected[name]);
                    Assert.True(
                        same == expected[name].Length && same == bytes.Length,
                        $"{said}: {name} is not as it would be, from {same} of {bytes.Length} on");
                }
            }
        }

        Assert.True(turnedBack > 0, "no bit was turned back");
    }

    [Fact]
    public async Task A_damaged_frame_takes_no_row_along()
    {
        var good = await KillAsync();
        var sound = await CheckAsync();
        foreach (var database in Databases)
        {
            var (log, pageBytes) = ($"{database}-wal", database == "meta.db" ? 8192 : 4096);
            var frames = CountFrames(good[log], pageBytes);
            foreach (var frame in new[] { 0, frames / 2, frames - 1 }.Distinct())
            {
                var bad = (byte[])good[log].Clone();
                new Random(frame).NextBytes(bad.AsSpan(32 + (frame * (24 + pageBytes)) + 100, 512));
                await PutAsync(good, log, bad);
                var check = await CheckAsync();
                await AssertAllThereAsync(sound, check, $"{log}, frame {frame}");
                var where = string.Create(
                    CultureInfo.InvariantCulture, $"{log} at offset {32 + (frame * (24 + pageBytes))}");
                Assert.True(
                    frame == frames - 1 || check.Findings.Any(finding => finding.Where.EndsWith(where)),
                    $"{log}, frame {frame} was not named");
            }
        }
    }

    // An index without which the segments cannot be read is named, and made anew; no more than that is broken.
    private async Task AssertAllThereAsync(CheckResult sound, CheckResult check, string said)
    {
        var broken = check.Findings.Where(static finding => finding.IsBroken).ToList();
        Assert.True(
            broken.TrueForAll(static finding => finding.What.Contains("index of the segments is lost")),
            $"{said}: {string.Join('\n', broken)}");
        if (broken.Count > 0) await CheckAsync(repair: true);
        if (broken.Count > 0) check = await CheckAsync();
        Assert.True(check.BrokenCount == 0, $"{said}: {string.Join('\n', check.Findings)}");
        Assert.Equal((sound.Inodes, sound.Entries, sound.Bytes), (check.Inodes, check.Entries, check.Bytes));
    }

    private async Task<Dictionary<string, byte[]>> KillAsync()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(
            "for d in $(seq 20); do mkdir d$d; for i in $(seq 20); do head -c $((d * 900)) /dev/urandom >d$d/f$i; "
            + "done; done; sync .; until test -s ../data/blocks.db-wal && test -s ../data/meta.db-wal; do echo x >n; "
            + "sync n; done", mount.MountPoint);
        await mount.Daemon.KillAsync();
        await Shell.RunAsync($"umount -l '{mount.MountPoint}'; cp -a '{mount.DataDirectory}' '{Data}'");
        return Read([.. Directory.GetFiles(Data).Select(static path => Path.GetFileName(path))]);
    }

    private Dictionary<string, byte[]> Read(string[] names) =>
        names.ToDictionary(static name => name, name => File.ReadAllBytes(Path.Combine(Data, name)));

    private async Task PutAsync(Dictionary<string, byte[]> good, string changed, byte[] bytes)
    {
        foreach (var path in Directory.GetFiles(Data)) File.Delete(path);
        foreach (var (name, content) in good)
            await File.WriteAllBytesAsync(Path.Combine(Data, name), name == changed ? bytes : content);
    }

    // Those of the last use of the file: they have the salts of its header.
    private static int CountFrames(byte[] log, int pageBytes)
    {
        var count = 0;
        for (var at = 32; at + 24 + pageBytes <= log.Length; at += 24 + pageBytes, count++)
        {
            if (!log.AsSpan(at + 8, 8).SequenceEqual(log.AsSpan(16, 8))) break;
        }

        return count;
    }

    private Task<CheckResult> CheckAsync(bool repair = false) => DataDirectoryCheck.RunAsync(
        Data, repair, new ThreadLoopFactory(), new SystemIdSource(), TimeProvider.System, null,
        CancellationToken.None);
}
