using System.Globalization;
using ClaudeFs.Mount.Tests.Crashes;
using ClaudeFs.Mount.Tests.Damage;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Silo.Check;
using ClaudeFs.TestKit;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// Bits flipped in the write-ahead logs of SQLite that a kill leaves: each is named; most are turned back, and the
/// databases are, byte for byte, what they would have been. Where that is not provable, or more is damaged, every row
/// is there all the same.
/// CLAUDEFS_TEST_LONG=1 flips 60 bits in each.
/// </summary>
public sealed class WriteAheadLogTests
{
    private const int SampleFlips = 4;
    private const int LongFlips = 60;
    private const int CopiedPages = 3;

    private static readonly string[] Databases = ["meta.db", "blocks.db"];
    private const string Fill =
        "for d in $(seq 20); do mkdir d$d; for i in $(seq 20); do head -c $((d * 900)) /dev/urandom >d$d/f$i; "
        + "done; done";

    [Fact]
    public async Task A_flipped_bit_is_named_and_harms_nothing()
    {
        using var copy = await DirectoryCopy.OfKilledAsync(Fill);
        var sound = await copy.CheckAsync();
        Assert.Empty(sound.Findings);
        var expected = copy.Read(Databases);
        var seed = TestLength.IsLong ? Environment.TickCount : 1;
        var random = new Random(seed);
        var turnedBack = 0;
        foreach (var database in Databases)
        {
            var (log, image) = ($"{database}-wal", copy.WalOf(database));
            Assert.True(image.Count > 0, $"{log} is empty");
            for (var i = TestLength.IsLong ? LongFlips : SampleFlips; i > 0; i--)
            {
                // The first of them in the header, of file and frame.
                var start = i == 1 ? 0 : image.OffsetOf(random.Next(image.Count));
                var at = start + random.Next(i switch
                {
                    1 => WalImage.HeaderBytes,
                    2 => WalImage.FrameHeaderBytes,
                    _ => WalImage.FrameHeaderBytes + image.PageBytes,
                });
                var bad = (byte[])image.Bytes.Clone();
                bad[at] ^= (byte)(1 << random.Next(8));
                await copy.PutAsync(log, bad);
                var said = string.Create(CultureInfo.InvariantCulture, $"seed {seed}: a bit of {log} at {at}");
                var check = await copy.CheckAsync();
                var where = string.Create(CultureInfo.InvariantCulture, $"{log} at offset {start}");
                var named = check.Findings.FirstOrDefault(finding => finding.Where.EndsWith(where));
                Assert.True(named is not null, $"{said} was not named: {string.Join('\n', check.Findings)}");
                if (!named.What.Contains("turned back", StringComparison.Ordinal))
                {
                    await AssertAllThereAsync(copy, sound, check, said);
                    continue;
                }

                turnedBack++;
                Assert.Single(check.Findings);
                foreach (var (name, bytes) in copy.Read(Databases))
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
        using var copy = await DirectoryCopy.OfKilledAsync(Fill);
        var sound = await copy.CheckAsync();
        foreach (var database in Databases)
        {
            var (log, image) = ($"{database}-wal", copy.WalOf(database));
            foreach (var frame in new[] { 0, image.Count / 2, image.Count - 1 }.Distinct())
            {
                var bad = Damage(image, frame);
                await copy.PutAsync(log, bad);
                var check = await copy.CheckAsync();
                await AssertAllThereAsync(copy, sound, check, $"{log}, frame {frame}");
                var where = string.Create(CultureInfo.InvariantCulture, $"{log} at offset {image.OffsetOf(frame)}");
                Assert.True(
                    frame == image.Count - 1 || check.Findings.Any(finding => finding.Where.EndsWith(where)),
                    $"{log}, frame {frame} was not named");
            }
        }
    }

    // A kill while they are copied, and damage after it: what is in the database is of two times.
    [Fact]
    public async Task A_frame_that_is_damaged_while_they_are_copied_stops_the_start_and_a_repair_has_every_row()
    {
        using var copy = await KillAmidCopyAsync();
        var image = copy.WalOf("meta.db");
        Assert.True(image.Count > 2 * CopiedPages, $"{image.Count} frames");
        var sound = await copy.CheckAsync();
        Assert.Empty(sound.Findings);
        await copy.PutAsync("meta.db-wal", Damage(image, 0));

        var named = $"meta.db-wal at offset {WalImage.HeaderBytes}";
        var start = await Assert.ThrowsAnyAsync<Exception>(copy.StartAsync);
        Assert.Contains($"{named}: A frame is damaged, and only some", start.Message, StringComparison.Ordinal);
        var check = await copy.CheckAsync();
        Assert.True(Assert.Single(check.Findings).IsBroken, $"{check.Findings[0]}");
        Assert.EndsWith(named, check.Findings[0].Where, StringComparison.Ordinal);

        var repaired = await copy.CheckAsync(repair: true);
        Assert.Contains(repaired.Findings, finding => finding.Where.EndsWith(named, StringComparison.Ordinal));
        Assert.True(repaired.BrokenCount == 0, string.Join('\n', repaired.Findings));
        var again = await copy.CheckAsync();
        Assert.Empty(again.Findings);
        Assert.Equal((sound.Inodes, sound.Entries, sound.Bytes), (again.Inodes, again.Entries, again.Bytes));
    }

    private static async Task<DirectoryCopy> KillAmidCopyAsync()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync($"{Fill}; sync .", mount.MountPoint);
        var trace = Path.Combine(mount.Scratch, "strace");
        var tables = Path.Combine(mount.DataDirectory, "meta.db");
        await using var kill = SystemCallFault.Kill(
            mount.Daemon.ProcessId, tables, "write", CopiedPages + 1, trace);

        // Until the mount is dead.
        await Shell.TryAsync(
            "n=0; while for i in $(seq 50); do mkdir -p e$n/e$i && echo $i >e$n/e$i/f; done && sync .; "
            + "do n=$((n+1)); done", mount.MountPoint, TimeSpan.FromMinutes(1));
        await mount.Daemon.WaitForExitAsync();
        return await DirectoryCopy.OfDeadAsync(mount);
    }

    private static byte[] Damage(WalImage log, int frame)
    {
        var bad = (byte[])log.Bytes.Clone();
        new Random(frame).NextBytes(bad.AsSpan(log.OffsetOf(frame) + 100, 512));
        return bad;
    }

    // An index without which the segments cannot be read is named, and made anew; no more than that is broken.
    private static async Task AssertAllThereAsync(
        DirectoryCopy copy, CheckResult sound, CheckResult check, string said)
    {
        var broken = check.Findings.Where(static finding => finding.IsBroken).ToList();
        Assert.True(
            broken.TrueForAll(static finding => finding.What.Contains("index of the segments is lost")),
            $"{said}: {string.Join('\n', broken)}");
        if (broken.Count > 0) await copy.CheckAsync(repair: true);
        if (broken.Count > 0) check = await copy.CheckAsync();
        Assert.True(check.BrokenCount == 0, $"{said}: {string.Join('\n', check.Findings)}");
        Assert.Equal((sound.Inodes, sound.Entries, sound.Bytes), (check.Inodes, check.Entries, check.Bytes));
    }
}
