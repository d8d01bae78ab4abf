using System.Buffers.Binary;
using System.Globalization;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.Silo.Check;
using ClaudeFs.TestKit;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// Whole sectors are lost: overwritten with garbage, or zeros. It is seen and named, a repair keeps what can be read,
/// a second check finds nothing but the files that it lists, and the file system works with what is left.
/// CLAUDEFS_TEST_LONG=1 damages 20 places of each kind.
/// </summary>
public sealed class SectorDamageTests(ITestOutputHelper output) : IDisposable
{
    private const int SamplePlaces = 2;
    private const int LongPlaces = 20;
    private const int LogOffset = 1 << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("claudefs-test-").FullName;

    private long _tail;

    private string Data => Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("superblock")]
    [InlineData("log")]
    [InlineData("segments")]
    [InlineData("meta.db")]
    [InlineData("meta.db-wal")]
    [InlineData("blocks.db")]
    [InlineData("blocks.db-wal")]
    public async Task What_is_left_is_kept_and_sound(string region)
    {
        // Of a killed process: its write-ahead logs and its log are needed.
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(
            "for d in $(seq 12); do mkdir d$d; for i in $(seq 12); do head -c $((d * 900)) /dev/urandom >d$d/f$i; "
            + "ln d$d/f$i d$d/hard$i; ln -s f$i d$d/soft$i; done; done; sync .", mount.MountPoint);
        await mount.Daemon.KillAsync();
        await Shell.RunAsync($"umount -l '{mount.MountPoint}'; cp -a '{mount.DataDirectory}' '{Data}'");
        await using (var rows = SqliteRowTable.Open(Path.Combine(Data, "meta.db")))
            _tail = rows.Checkpoint.TailPosition;
        await Shell.RunAsync($"rm -r '{Data}'; cp -a '{mount.DataDirectory}' '{Data}'");
        var good = Directory.GetFiles(Data).ToDictionary(
            static path => Path.GetFileName(path), static path => File.ReadAllBytes(path));
        var seed = TestLength.IsLong ? Environment.TickCount : 1;
        var random = new Random(seed);
        for (var i = 0; i < (TestLength.IsLong ? LongPlaces : SamplePlaces); i++)
        {
            foreach (var path in Directory.GetFiles(Data)) File.Delete(path);
            foreach (var (name, bytes) in good) await File.WriteAllBytesAsync(Path.Combine(Data, name), bytes);
            var (said, offset) = Damage(region, good, random, isZero: i % 2 == 0);
            await RepairAsync($"seed {seed}: {said}", region, offset, good);
        }
    }

    private async Task RepairAsync(
        string said, string region, long offset, Dictionary<string, byte[]> good)
    {
        CheckResult repaired;
        try
        {
            var broken = await CheckAsync(repair: false);
            var first = broken.Findings.Count > 0 ? broken.Findings[0] : null;
            output.WriteLine($"{said}: {broken.BrokenCount} findings, {first}");
            AssertNamed(said, region, offset, good, broken);
            repaired = await CheckAsync(repair: true);
        }
        catch (FsException fault) when (fault.Error == FsError.EIO)
        {
            // Nothing to begin with: it says so, and leaves everything as it is.
            output.WriteLine($"{said}: refused: {fault.Message}");
            return;
        }

        if (repaired.Findings.Any(static finding => finding.Advice.StartsWith("Restore a b", StringComparison.Ordinal)))
        {
            output.WriteLine($"{said}: refused: {repaired.Findings[^1]}");
            return;
        }

        // Content that is gone stays gone, and listed; nothing is broken.
        var again = await CheckAsync(repair: false);
        output.WriteLine($"{said}: {repaired.Findings.Count} repaired, {again.Findings.Count} left; "
            + $"{again.Inodes} inodes, {again.Entries} entries");
        var harmed = again.Findings.Where(static finding => finding.IsBroken).ToList();
        Assert.True(harmed.Count == 0, $"{said}: {string.Join('\n', harmed.Take(10))}");
        await ServeAsync(said, again);
    }

    // By file and offset, wherever the bytes are in use: both superblocks; pages of the databases, but for those that
    // the write-ahead log has newer; appends of the log from its tail on, but for the last, which could be a torn one.
    private static void AssertNamed(
        string said, string region, long offset, Dictionary<string, byte[]> good, CheckResult check)
    {
        if (offset < 0) return;
        var at = region switch
        {
            "superblock" => offset,
            "log" => FindAppend(good["device.cfs"], offset),
            "meta.db" => FindPage(good["meta.db-wal"], offset, 8192),
            "blocks.db" => FindPage(good["blocks.db-wal"], offset, 4096),
            _ => -1,
        };
        if (at < 0) return;
        var (file, place) = (
            region is "superblock" or "log" ? "device.cfs" : region,
            string.Create(CultureInfo.InvariantCulture, $"offset {at}"));
        Assert.True(
            check.BrokenCount > 0 && check.Findings.Select(static finding => $"{finding.Where}: {finding.What}.")
                .Any(text => text.Contains(file) && System.Text.RegularExpressions.Regex.IsMatch(text, $@"{place}\D")),
            $"{said} ({at}) was not named: {string.Join('\n', check.Findings.Take(10))}");
    }

    private static long FindPage(byte[] log, long offset, int pageBytes)
    {
        for (var at = 32; at + 24 + pageBytes <= log.Length; at += 24 + pageBytes)
        {
            var page = BinaryPrimitives.ReadUInt32BigEndian(log.AsSpan(at));
            if (page == (offset / pageBytes) + 1) return -1;
        }

        return offset / pageBytes * pageBytes;
    }

    private static long FindAppend(byte[] device, long offset)
    {
        var start = (int)(offset / 4096 * 4096);
        while (!device.AsSpan(start).StartsWith("CFSLOG1\0"u8)) start -= 4096;
        var end = start + 80 + BinaryPrimitives.ReadInt32LittleEndian(device.AsSpan(start + 56));
        var isLast = !device.AsSpan((end + 4095) / 4096 * 4096).StartsWith("CFSLOG1\0"u8);
        return isLast || offset >= end ? -1 : start - LogOffset;
    }

    // Everything can be listed and read, but for the files that the check names; and changed.
    private async Task ServeAsync(string said, CheckResult check)
    {
        var mountPoint = Path.Combine(_root, "mnt");
        await using var daemon = await Daemon.StartAsync(
            mountPoint, "dev", mountPoint, "--data", Data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0");
        var read = await Shell.TryAsync(
            "find . -type f | while read f; do cat $f >/dev/null || echo \"bad $f\"; done; echo new >new; sync .; "
            + "test $(cat new) = new; find . | wc -l", mountPoint);
        Assert.True(read.ExitCode == 0, $"{said}: {read.Output}{read.Error}");
        foreach (var line in read.Output.Split('\n'))
        {
            if (!line.StartsWith("bad ", StringComparison.Ordinal)) continue;
            var path = line["bad .".Length..];
            Assert.True(
                check.Findings.Any(finding => finding.Where.StartsWith($"{path},", StringComparison.Ordinal)),
                $"{said}: {path} cannot be read, and was not listed");
        }

        await daemon.UnmountAsync();
        var after = await CheckAsync(repair: false);
        var harmed = after.Findings.Where(static finding => finding.IsBroken).ToList();
        Assert.True(harmed.Count == 0, $"{said}: after use: {string.Join('\n', harmed.Take(10))}");
    }

    private (string Said, long Offset) Damage(
        string region, Dictionary<string, byte[]> good, Random random, bool isZero)
    {
        var file = region is "superblock" or "log" or "segments" ? "device.cfs" : region;
        var bytes = good[file];
        var size = random.Next(2) == 0 ? 512 : 4096;
        var (from, to) = region switch
        {
            "superblock" => At(random.Next(2) * (512L << 10), size),
            "log" => (LogOffset + _tail, LogOffset + LogEnd(bytes)),
            "segments" => (DataStart(bytes), DataEnd(bytes)),
            _ => (0, bytes.Length),
        };
        size = (int)Math.Min(size, to - from);
        var offset = from + (random.NextInt64(Math.Max(1, (to - from) / size)) * size);
        var garbage = new byte[size];
        if (!isZero) random.NextBytes(garbage);
        using var handle = File.OpenHandle(Path.Combine(Data, file), System.IO.FileMode.Open, FileAccess.Write);
        RandomAccess.Write(handle, garbage, offset);
        var said = string.Create(
            CultureInfo.InvariantCulture, $"{(isZero ? "zeros" : "garbage")}, {size} bytes of {file} at {offset}");
        return (said, good[file].AsSpan((int)offset, size).SequenceEqual(garbage) ? -1 : offset);
    }

    private static (long From, long To) At(long offset, int size) => (offset, offset + size);

    // Whole blocks that hold anything.
    private static long LogEnd(byte[] device)
    {
        var end = LogOffset;
        while (device.AsSpan(end, 4096).IndexOfAnyExcept((byte)0) >= 0) end += 4096;
        return end - LogOffset;
    }

    private static long DataStart(byte[] device) => BitConverter.ToInt64(device, 72) + (2 << 20);

    private static long DataEnd(byte[] device) => device.AsSpan().LastIndexOfAnyExcept((byte)0) / 4096 * 4096;

    private Task<CheckResult> CheckAsync(bool repair) => DataDirectoryCheck.RunAsync(
        Data, repair, new ThreadLoopFactory(), new SystemIdSource(), TimeProvider.System, null,
        CancellationToken.None);
}
