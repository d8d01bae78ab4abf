using System.Buffers.Binary;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Primitives;

namespace ClaudeFs.Mount.Tests;

/// <summary>What a later version wrote is refused: what it is, the version found, the one known, what to do.</summary>
public sealed class FutureVersionTests : IDisposable
{
    private const int BlockBytes = 4096;
    private const int LogHeaderBytes = 80;
    private const int PartHeaderBytes = 24;
    private const long LogOffset = 1 << 20;
    private const long LogBytes = 3 << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("claudefs-test-").FullName;

    private string Data => Path.Combine(_root, "data");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("data directory", "the data directory (cluster.level) has version 3; this cfs knows version 2")]
    [InlineData("tables", "meta.db has version 3; this cfs knows version 2")]
    [InlineData("index", "blocks.db: the index of the segments has version 3; this cfs knows version 2")]
    [InlineData("superblock", "device.cfs: offset 0: the superblock has version 2; this cfs knows version 1")]
    [InlineData("segment table", ": the segment table has version 2; this cfs knows version 1")]
    [InlineData("log", "the log has version 2; this cfs knows version 1")]
    [InlineData("operation version", "version 2, which this cfs does not know (it knows kinds 1 to 21, version 1)")]
    [InlineData("operation kind", "an operation of kind 99 version 1, which this cfs does not know")]
    public async Task A_later_version_is_refused_by_name(string what, string message)
    {
        await Shell.RunAsync(
            $"mkdir '{Data}'; tar -xJf '{AppContext.BaseDirectory}/Formats/data-0.1.0.tar.xz' -C '{Data}'");
        await ChangeAsync(what);
        var command = $"'{Daemon.Program}' dev '{_root}/mnt' --data '{Data}' --listen 127.0.0.1:0 --admin 127.0.0.1:0";
        foreach (var attempt in new[] { $"'{Daemon.Program}' fsck --data '{Data}'", command })
        {
            var result = await Shell.TryAsync(attempt);
            Assert.True(result.ExitCode == 65, $"{attempt}: {result.ExitCode}: {result.Output}{result.Error}");
            Assert.Contains(message, result.Error, StringComparison.Ordinal);
            Assert.Contains("use the cfs that wrote it, or a later one", result.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
        }
    }

    private async Task ChangeAsync(string what)
    {
        switch (what)
        {
            case "data directory":
                await Sql("meta.db", "UPDATE setting SET value = x'0300000000000000' WHERE name = 'cluster.level'");
                break;
            case "tables": await Sql("meta.db", "PRAGMA user_version = 3"); break;
            case "index": await Sql("blocks.db", "PRAGMA user_version = 3"); break;
            default: ChangeDevice(what); break;
        }
    }

    private Task<string> Sql(string file, string sql) => Shell.RunAsync($"sqlite3 '{Data}/{file}' \"{sql}\"");

    private void ChangeDevice(string what)
    {
        var path = Path.Combine(Data, "device.cfs");
        var device = File.ReadAllBytes(path);
        switch (what)
        {
            case "superblock":
                foreach (var offset in new[] { 0, 512 << 10 }) SetSealed(device.AsSpan(offset, BlockBytes), 8, 2);
                break;
            case "segment table":
                var zones = (int)BinaryPrimitives.ReadInt64LittleEndian(device.AsSpan(72));
                SetSealed(device.AsSpan(zones, 64), 4, 2);
                break;
            default:
                ChangeLog(device.AsSpan((int)LogOffset, (int)LogBytes), what);
                break;
        }

        File.WriteAllBytes(path, device);
    }

    private static void ChangeLog(Span<byte> log, string what)
    {
        var changed = 0;
        for (; log.Length > 0; log = log[BlockBytes..])
        {
            if (!log.StartsWith("CFSLOG1\0"u8)) continue;
            changed++;
            var header = log[..LogHeaderBytes];
            var body = log.Slice(LogHeaderBytes, BinaryPrimitives.ReadInt32LittleEndian(header[56..]));
            var operation = body[(PartHeaderBytes + sizeof(uint))..];
            if (what == "operation kind") operation[0] = 99;
            if (what == "operation version") operation[1] = 2;
            BinaryPrimitives.WriteUInt32LittleEndian(header[60..], Crc32c.Compute(body));
            SetSealed(header, 8, what == "log" ? (byte)2 : (byte)1);
        }

        Assert.NotEqual(0, changed);
    }

    /// <summary>Sets a byte of a record whose last four bytes are the checksum of those before.</summary>
    private static void SetSealed(Span<byte> record, int at, byte value)
    {
        record[at] = value;
        BinaryPrimitives.WriteUInt32LittleEndian(record[^sizeof(uint)..], Crc32c.Compute(record[..^sizeof(uint)]));
    }
}
