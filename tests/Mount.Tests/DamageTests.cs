using System.Buffers.Binary;
using System.Globalization;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Silo.Check;
using ClaudeFs.TestKit;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// A bit flipped anywhere is detected, named with file and offset, and turned back by a repair; a second check is clean
/// and every byte is what it was. CLAUDEFS_TEST_LONG=1 flips 60 bits in each kind of record.
/// </summary>
public sealed class DamageTests : IDisposable
{
    private const int SampleFlips = 3;
    private const int LongFlips = 60;
    private const int BlockBytes = 4096;
    private const int LogOffset = 1 << 20;

    private static readonly string[] Files = ["device.cfs", "meta.db", "blocks.db"];
    private readonly string _root = Directory.CreateTempSubdirectory("claudefs-test-").FullName;

    private string Data => Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("superblock")]
    [InlineData("segment table")]
    [InlineData("directory")]
    [InlineData("item")]
    [InlineData("log")]
    [InlineData("tables")]
    [InlineData("index")]
    public async Task A_flipped_bit_is_named_and_turned_back(string kind)
    {
        // Of a killed process: the check brings the tables up, takes their WAL in, and leaves the log as it is.
        await Shell.RunAsync(
            $"mkdir '{Data}'; tar -xJf '{AppContext.BaseDirectory}/Formats/data-0.1.0.tar.xz' -C '{Data}'");
        if (kind is "item" or "directory") await StartAndStopAsync();   // counts then say what is alive
        Assert.Empty((await CheckAsync(repair: false)).Findings);
        var good = ReadAll();
        var seed = TestLength.IsLong ? Environment.TickCount : 1;
        var random = new Random(seed);
        for (var flips = TestLength.IsLong ? LongFlips : SampleFlips; flips > 0; flips--)
        {
            var (file, record) = await ChooseAsync(kind, good, random);
            var at = record.Start.Value + random.Next(record.End.Value - record.Start.Value);
            var said = string.Create(CultureInfo.InvariantCulture, $"seed {seed}: {kind}: a bit of {file} at {at}");
            Flip(file, at, random.Next(8));

            var broken = await CheckAsync(repair: false);
            Assert.True(broken.BrokenCount > 0, $"{said} was not seen");
            Assert.True(
                broken.Findings.Any(finding => Names(finding, file, record, kind)),
                $"{said} ({record}) was not named:\n{string.Join('\n', broken.Findings.Take(10))}");
            var repaired = await CheckAsync(repair: true);
            Assert.True(
                repaired.BrokenCount == 0 && repaired.Findings.Count > 0,
                $"{said} was not repaired:\n{string.Join('\n', repaired.Findings.Take(10))}");
            Assert.True((await CheckAsync(repair: false)).Findings.Count == 0, $"{said}: a second check is not clean");
            AssertSame(good, said, exceptSuperblocks: kind == "superblock");
            WriteAll(good);
        }
    }

    [Fact]
    public async Task A_damaged_file_gives_EIO_and_is_listed_while_the_rest_is_served()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(
            "mkdir d; head -c 300000 /dev/urandom >d/bad; head -c 300000 /dev/urandom >d/good; ln d/bad again; "
            + "cp d/good ..; sync .", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        var device = Path.Combine(mount.DataDirectory, "device.cfs");
        var bytes = await File.ReadAllBytesAsync(device);
        var items = FindItems(bytes);
        // Two bits in one item: what no repair can turn back.
        bytes[items[0].Start.Value] ^= 1;
        bytes[items[0].Start.Value + 100] ^= 2;
        await File.WriteAllBytesAsync(device, bytes);

        var check = await Shell.TryAsync($"'{Daemon.Program}' fsck --data '{mount.DataDirectory}'");
        Assert.Equal(1, check.ExitCode);
        Assert.Contains("device.cfs at offset", check.Output, StringComparison.Ordinal);
        Assert.Contains("error: /d/bad, offset 0: The content cannot be read: EIO", check.Output);
        Assert.Contains("error: /again, offset 0", check.Output, StringComparison.Ordinal);
        await AssertServedAsync(mount);

        // The repair records what is gone: the check is clean then, and the file as it was.
        foreach (var option in new[] { "--repair", "" })
        {
            var repaired = await Shell.TryAsync($"'{Daemon.Program}' fsck {option} --data '{mount.DataDirectory}'");
            Assert.True(repaired.ExitCode == 0, repaired.Output + repaired.Error);
            Assert.Contains("lost: /d/bad, offset 0: Content was lost", repaired.Output, StringComparison.Ordinal);
            Assert.Contains("lost: /again, offset 0", repaired.Output, StringComparison.Ordinal);
            Assert.Contains("clean, 2 files with lost content", repaired.Output, StringComparison.Ordinal);
            Assert.Equal(option != "", repaired.Output.Contains("device.cfs at offset", StringComparison.Ordinal));
        }

        await AssertServedAsync(mount);
        await mount.StartDaemonAsync();
        await Shell.RunAsync("cp ../good d/bad; cmp ../good again; rm d/bad again", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }

    // The first chunk of d/bad is lost: EIO there and nowhere else, and what is written over it is read.
    private static async Task AssertServedAsync(DevMount mount)
    {
        await mount.StartDaemonAsync();
        var read = await Shell.TryAsync("cat d/bad", mount.MountPoint);
        Assert.Contains("Input/output error", read.Error, StringComparison.Ordinal);
        await Shell.RunAsync(
            "cmp d/good ../good; echo new >new; for block in 1 2 3; do dd if=again of=/dev/null bs=64K skip=$block "
            + "count=1; done", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
    }

    [Fact]
    public async Task A_damaged_page_of_the_tables_is_EIO_for_its_rows_and_the_rest_is_served()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(
            "for d in $(seq 40); do mkdir d$d; for i in $(seq 60); do echo $d >d$d/file-$i; done; done; sync .",
            mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        var tables = Path.Combine(mount.DataDirectory, "meta.db");
        var bytes = await File.ReadAllBytesAsync(tables);
        var at = bytes.AsSpan().LastIndexOf("file-33"u8);
        bytes[at] ^= 4;
        await File.WriteAllBytesAsync(tables, bytes);

        await mount.StartDaemonAsync();
        var all = await Shell.TryAsync("for d in d*; do cat $d/file-* || true; done | wc -l", mount.MountPoint);
        Assert.Contains("Input/output error", all.Error, StringComparison.Ordinal);
        Assert.InRange(int.Parse(all.Output, CultureInfo.InvariantCulture), 60, (40 * 60) - 1);
        await mount.Daemon.UnmountAsync();
        var page = string.Create(CultureInfo.InvariantCulture, $"meta.db at offset {at / 8192 * 8192}");
        var repair = await Shell.TryAsync($"'{Daemon.Program}' fsck --repair --data '{mount.DataDirectory}'");
        Assert.True(repair.ExitCode == 0, repair.Output + repair.Error);
        Assert.Contains(page, repair.Output, StringComparison.Ordinal);
        await mount.AssertCleanAsync();
        await mount.StartDaemonAsync();
        Assert.Equal("2400\n", await Shell.RunAsync("cat d*/file-* | wc -l", mount.MountPoint));
    }

    private Task<CheckResult> CheckAsync(bool repair) => DataDirectoryCheck.RunAsync(
        Data, repair, new ThreadLoopFactory(), new SystemIdSource(), TimeProvider.System, null,
        CancellationToken.None);

    /// <summary>Where one record of a kind lies: file and bytes.</summary>
    private async Task<(string File, Range Record)> ChooseAsync(
        string kind, Dictionary<string, byte[]> good, Random random)
    {
        var device = good["device.cfs"];
        switch (kind)
        {
            case "superblock": return ("device.cfs", At(random.Next(2) * (512 << 10), BlockBytes));
            case "tables": return ("meta.db", At(random.Next(good["meta.db"].Length / 8192) * 8192, 8192));
            case "index":
                return ("blocks.db", At(random.Next(good["blocks.db"].Length / BlockBytes) * BlockBytes, BlockBytes));
            case "log": return ("device.cfs", Pick(FindAppends(device), random));
            case "item": return ("device.cfs", Pick(FindItems(device, await FindLiveAsync()), random));
            case "directory": return ("device.cfs", Pick(FindDirectories(device), random));
            default: return ("device.cfs", Pick(FindEntries(device), random));
        }
    }

    private static Range At(int offset, int bytes) => offset..(offset + bytes);

    private static Range Pick(List<Range> records, Random random) => records[random.Next(records.Count)];

    private static long Zones(byte[] device) => BinaryPrimitives.ReadInt64LittleEndian(device.AsSpan(72));

    private static List<Range> FindEntries(byte[] device)
    {
        var entries = new List<Range>();
        for (var at = (int)Zones(device); device.AsSpan(at, 4).SequenceEqual("SEGT"u8); at += 64)
        {
            entries.Add(At(at, 64));
        }

        return entries;
    }

    // Directories and the items that they name, of sealed segments: entries before a trailer at the segment's end.
    private static List<Range> FindDirectories(byte[] device)
    {
        var found = new List<Range>();
        for (var end = (int)Zones(device) + (2 << 21); end <= device.Length; end += 2 << 20)
        {
            var trailer = device.AsSpan(end - 64, 64);
            if (!trailer.StartsWith("SDIR"u8)) continue;
            var count = BinaryPrimitives.ReadInt32LittleEndian(trailer[16..]);
            found.Add(At(end - 64, 64));
            for (var i = 1; i <= count; i++) found.Add(At(end - (64 * (i + 1)), 64));
        }

        return found;
    }

    private async Task StartAndStopAsync()
    {
        await using var daemon = await Daemon.StartAsync(
            Path.Combine(_root, "mnt"), "dev", Path.Combine(_root, "mnt"), "--data", Data, "--listen", "127.0.0.1:0",
            "--admin", "127.0.0.1:0");
        await daemon.UnmountAsync();
    }

    /// <summary>Segments and slots of the items that files refer to and that lie where they were put.</summary>
    private async Task<HashSet<(ulong Segment, uint Slot)>> FindLiveAsync()
    {
        var live = new HashSet<(ulong, uint)>();
        await using var index = SqliteSegmentIndex.Open(Path.Combine(Data, "blocks.db"));
        index.Load(row => live.UnionWith(row.DecodeItems()
            .Where(static item => item.Count > 0 && item.Host.IsNone).Select(item => (row.Id.Value, item.Slot))));
        return live;
    }

    private static List<Range> FindItems(byte[] device, HashSet<(ulong Segment, uint Slot)>? live = null)
    {
        var found = new List<Range>();
        foreach (var record in FindDirectories(device))
        {
            var entry = device.AsSpan(record);
            if (entry.StartsWith("SDIR"u8)) continue;
            var end = (record.End.Value + (2 << 20) - 1 - (int)(Zones(device) % (2 << 20))) / (2 << 20) * (2 << 20);
            var start = end - (2 << 20) + (int)(Zones(device) % (2 << 20));
            var slot = BinaryPrimitives.ReadInt32LittleEndian(entry);
            if (live?.Contains((BinaryPrimitives.ReadUInt64LittleEndian(entry[48..]), (uint)slot)) == false) continue;
            found.Add(At(start + (slot * 64), BinaryPrimitives.ReadInt32LittleEndian(entry[4..])));
        }

        return found;
    }

    private static List<Range> FindAppends(byte[] device)
    {
        var appends = new SortedDictionary<ulong, Range>();
        var highest = 0ul;
        for (var at = LogOffset; at < Zones(device); at += BlockBytes)
        {
            var header = device.AsSpan(at, 80);
            if (!header.StartsWith("CFSLOG1\0"u8)) continue;
            var number = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
            appends[number] = At(at, 80 + BinaryPrimitives.ReadInt32LittleEndian(header[56..]));
            highest = Math.Max(highest, number);
        }

        // What lies before the tail nobody reads any more: the fixture's last hundred are above it.
        return [.. appends.Where(pair => pair.Key > highest - 100).Select(pair => pair.Value)];
    }

    private static bool Names(Finding finding, string file, Range record, string kind)
    {
        var text = $"{finding.Where}: {finding.What}";
        if (!text.Contains(file, StringComparison.Ordinal)) return false;
        var offset = kind == "log" ? record.Start.Value - LogOffset : record.Start.Value;
        if (text.Contains(string.Create(CultureInfo.InvariantCulture, $"offset {offset}"))) return true;

        // A directory is named by where the last part of its segment begins.
        return kind == "directory" && text.Contains("directory", StringComparison.Ordinal);
    }

    private Dictionary<string, byte[]> ReadAll() => Files.ToDictionary(
        name => name, name => File.ReadAllBytes(Path.Combine(Data, name)));

    private void WriteAll(Dictionary<string, byte[]> files)
    {
        foreach (var (name, bytes) in files)
        {
            if (!File.ReadAllBytes(Path.Combine(Data, name)).AsSpan().SequenceEqual(bytes))
            {
                File.WriteAllBytes(Path.Combine(Data, name), bytes);
            }
        }
    }

    // Superblocks that were written again have another sequence.
    private void AssertSame(Dictionary<string, byte[]> good, string said, bool exceptSuperblocks)
    {
        foreach (var (name, bytes) in ReadAll())
        {
            var from = exceptSuperblocks && name == "device.cfs" ? LogOffset : 0;
            Assert.True(bytes.AsSpan(from).SequenceEqual(good[name].AsSpan(from)), $"{said}: {name} is not as before");
        }
    }

    private void Flip(string file, int offset, int bit)
    {
        using var handle = File.OpenHandle(Path.Combine(Data, file), FileMode.Open, FileAccess.ReadWrite);
        Span<byte> one = stackalloc byte[1];
        RandomAccess.Read(handle, one, offset);
        one[0] ^= (byte)(1 << bit);
        RandomAccess.Write(handle, one, offset);
    }
}
