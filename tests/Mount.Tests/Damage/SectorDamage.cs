using System.Buffers.Binary;
using System.Globalization;

namespace ClaudeFs.Mount.Tests.Damage;

/// <summary>A part of the data directory that sectors are lost of.</summary>
/// <param name="File">In which file.</param>
/// <param name="From">The first byte.</param>
/// <param name="To">Behind the last.</param>
internal readonly record struct DamagedRegion(string File, long From, long To);

/// <summary>
/// Knows from docs/spec where things lie in a data directory, and by which offsets a check must name lost sectors.
/// </summary>
/// <param name="copy">The data directory.</param>
/// <param name="logTail">Where the log begins.</param>
/// <param name="items">Offset in the device and length of each stored item.</param>
internal sealed class SectorDamage(DirectoryCopy copy, long logTail, IReadOnlyList<(long Offset, int Bytes)> items)
{
    private const string DeviceFile = "device.cfs";
    private const int LogOffset = 1 << 20;
    private const int SecondSuperblock = 512 << 10;
    private const int ZonesAt = 72;
    private const int TableBytes = 2 << 20;
    private const int BlockBytes = 4096;

    private byte[] Device => copy.Good[DeviceFile];

    /// <summary>Draws where it hits; an item or a superblock is drawn first, then a place in it.</summary>
    public DamagedRegion Draw(string region, Random random)
    {
        switch (region)
        {
            case "superblock":
                var at = random.Next(2) * SecondSuperblock;
                return new(DeviceFile, at, at + BlockBytes);
            case "log":
                return new(DeviceFile, LogOffset + logTail, LogEnd());
            case "segments":
                return new(DeviceFile, Zones + TableBytes, Device.AsSpan().LastIndexOfAnyExcept((byte)0));
            case "items":
                var (offset, bytes) = items[random.Next(items.Count)];
                return new(DeviceFile, offset, offset + bytes);
            case "meta.db-wal" or "blocks.db-wal":
                // Damage further on could be a torn end.
                var log = copy.WalOf(region[..^"-wal".Length]);
                return new(region, 0, Math.Max(WalImage.HeaderBytes, log.OffsetOf(log.Count - 2)));
            default:
                return new(region, 0, copy.Good[region].Length);
        }
    }

    /// <summary>
    /// Where the check must say that something is broken, when bytes from <paramref name="offset"/> on are lost:
    /// wherever they are in use. Both superblocks; pages of the databases, but for those that the write-ahead log has
    /// newer; appends and frames of the logs, but for what could be a torn end; items.
    /// </summary>
    public IReadOnlyList<long> NamesOf(string region, long offset, int bytes) => region switch
    {
        "superblock" => [offset / BlockBytes * BlockBytes],
        "log" => FindAppend(offset),
        "segments" or "items" =>
        [
            .. items.Where(item => item.Offset < offset + bytes && offset < item.Offset + item.Bytes)
                .Select(static item => item.Offset),
        ],
        "meta.db-wal" or "blocks.db-wal" => FindFrame(copy.WalOf(region[..^"-wal".Length]), offset, bytes),
        _ => FindPage(copy.WalOf(region), offset),
    };

    private long Zones => BinaryPrimitives.ReadInt64LittleEndian(Device.AsSpan(ZonesAt));

    // Whole blocks that hold anything.
    private long LogEnd()
    {
        var end = LogOffset;
        while (Device.AsSpan(end, BlockBytes).IndexOfAnyExcept((byte)0) >= 0) end += BlockBytes;
        return end;
    }

    private static long[] FindPage(WalImage log, long offset)
    {
        var page = offset / log.PageBytes;
        return log.Holds(page + 1) ? [] : [page * log.PageBytes];
    }

    // By offset in the region of the log.
    private long[] FindAppend(long offset)
    {
        var start = (int)(offset / BlockBytes * BlockBytes);
        while (!Device.AsSpan(start).StartsWith("CFSLOG1\0"u8)) start -= BlockBytes;
        var end = start + 80 + BinaryPrimitives.ReadInt32LittleEndian(Device.AsSpan(start + 56));
        var next = (end + BlockBytes - 1) / BlockBytes * BlockBytes;
        var isLast = !Device.AsSpan(next).StartsWith("CFSLOG1\0"u8);
        return isLast || offset >= end ? [] : [start - LogOffset];
    }

    // Whether a frame is whole is seen by the sums of the one before: two whole ones must follow.
    private static long[] FindFrame(WalImage log, long offset, int bytes)
    {
        if (offset < WalImage.HeaderBytes) return [0];
        var frameBytes = log.OffsetOf(1) - log.OffsetOf(0);
        var first = (int)((offset - WalImage.HeaderBytes) / frameBytes);
        var last = (int)((offset + bytes - 1 - WalImage.HeaderBytes) / frameBytes);
        return last + 2 < log.Count ? [log.OffsetOf(first)] : [];
    }

    /// <summary>For messages.</summary>
    public static string Describe(bool isZero, int bytes, string file, long offset) => string.Create(
        CultureInfo.InvariantCulture, $"{(isZero ? "zeros" : "garbage")}, {bytes} bytes of {file} at {offset}");
}
