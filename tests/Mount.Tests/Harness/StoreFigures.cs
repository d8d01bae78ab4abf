using System.Buffers.Binary;
using System.Diagnostics;
using System.Text.Json;
using ClaudeFs.Primitives;

namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>What a file system of a test occupies.</summary>
/// <param name="UsedBytes">As df shows it.</param>
/// <param name="UsedInodes">As df -i shows it.</param>
/// <param name="LagBytes">Bytes of the log that the tables do not hold yet.</param>
/// <param name="DeviceBytes">Size of the device file.</param>
/// <param name="TableBytes">Size of meta.db and its write-ahead log.</param>
internal sealed record StoreFigures(
    long UsedBytes, long UsedInodes, long LagBytes, long DeviceBytes, long TableBytes)
{
    /// <summary>What a client keeps promised for its next bytes.</summary>
    private const long IdleBytesMax = Limits.SpaceSlabBytes;

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new() { Timeout = AnswerMax };

    /// <summary>Of a mount that is there, seen by way of <paramref name="mountPoint"/>.</summary>
    public static async Task<StoreFigures> OfAsync(DevMount mount, string mountPoint)
    {
        var text = await Http.GetStringAsync(new Uri($"http://127.0.0.1:{mount.AdminPort}/v1/status"));
        using var status = JsonDocument.Parse(text);
        // On a thread of its own: a mount that hangs must fail the test, not hang it.
        var (usedBytes, usedInodes) = await Task.Run(() => FileCalls.Space(mountPoint)).WaitAsync(AnswerMax);
        return new(
            usedBytes, usedInodes,
            status.RootElement.GetProperty("metadata").GetProperty("lagBytes").GetInt64(),
            status.RootElement.GetProperty("space").GetProperty("deviceBytes").GetInt64(),
            SizeOf(TablePath(mount)) + SizeOf(TablePath(mount) + "-wal"));
    }

    /// <summary>
    /// Waits until nothing but the root is in use, and no more than <see cref="IdleBytesMax"/>; fails after
    /// <paramref name="bound"/>.
    /// </summary>
    public static async Task<StoreFigures> WaitUntilEmptyAsync(DevMount mount, string mountPoint, TimeSpan bound)
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        while (true)
        {
            var now = await OfAsync(mount, mountPoint);
            Assert.True(now.UsedBytes >= 0, $"more space is free than there is: {now}");
            if (now.UsedInodes == 1 && now.UsedBytes <= IdleBytesMax) return now;
            Assert.True(
                Stopwatch.GetElapsedTime(started) < bound, $"space that did not come back within {bound}: {now}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>
    /// Pages of meta.db that hold something: all but the free ones; of an unmounted data directory. Source: the header
    /// of sqlite.org/fileformat2.html.
    /// </summary>
    public static long TablePagesInUse(DevMount mount)
    {
        const int PagesAt = 28, FreePagesAt = 36, HeaderBytes = 100;
        Span<byte> header = stackalloc byte[HeaderBytes];
        using var file = File.OpenRead(TablePath(mount));
        file.ReadExactly(header);
        return BinaryPrimitives.ReadUInt32BigEndian(header[PagesAt..])
            - (long)BinaryPrimitives.ReadUInt32BigEndian(header[FreePagesAt..]);
    }

    private static string TablePath(DevMount mount) => Path.Combine(mount.DataDirectory, "meta.db");

    private static long SizeOf(string path) => File.Exists(path) ? new FileInfo(path).Length : 0;
}
