using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>
/// Reads a log from its tail to its end. The end is where no append with the next number is; it is damage instead when
/// whole appends lie beyond it, because an append is only begun when the one before it has been flushed.
/// </summary>
internal sealed class LogScanner(IBlockDevice region, ulong fileSystem, LogTail tail) : IDisposable
{
    private const int WindowBytes = 1 << 20;

    // No append lies further ahead: commits wait for the tables before the log grows longer than this.
    private const long LookAheadBytes = StoreLimits.LagBytesMax + (2L * StoreLimits.BatchBytesMax);

    private AlignedMemory _window = AlignedMemory.Allocate(WindowBytes);
    private long _windowStart;
    private int _windowBytes;

    public void Dispose() => _window.Return();

    public async ValueTask<LogScan> RunAsync(
        Func<LogAppend, ValueTask<bool>> visit, CancellationToken cancellationToken)
    {
        var position = tail.Position;
        var last = tail.Append - 1;
        LogAppend? held = null;
        string? bad;
        while (true)
        {
            (var next, bad) = await ReadAsync(position, last + 1, cancellationToken);
            if (next is null) break;
            if (held is not null) await visit(held with { IsProven = next.Header.FlushedAppend >= last });
            held = next;
            last = next.Header.Append;
            position += LogFormat.PaddedBytes(next.Header.BodyBytes);
        }

        // Not torn, which changes more than a bit: so it was there once, and may have been acknowledged.
        var damage = bad == OneBit
            ? $"{region.Name}: append {last + 1} at offset {position % region.SizeBytes} has a flipped bit: "
                + "`cfs fsck --repair` turns it back"
            : await FindLaterAsync(position, last, cancellationToken) is { } later
            ? $"{region.Name}: append {last + 1} at offset {position % region.SizeBytes} is bad ({bad}), but append "
                + $"{later.Append} at offset {later.Position % region.SizeBytes} is whole"
            : null;
        if (held is null) return new(last, position, damage, null);
        if (damage is null && !await visit(held))
        {
            return new(last - 1, held.Header.Position, null, $"the data of append {last} does not verify");
        }

        if (damage is not null) await visit(held with { IsProven = true });
        return new(last, position, damage, damage is null && bad != NothingThere ? bad : null);
    }

    private const string NothingThere = "nothing there";
    private const string OneBit = "one bit is flipped";

    private async ValueTask<(LogAppend? Append, string? Bad)> ReadAsync(
        long position, ulong expected, CancellationToken cancellationToken)
    {
        if (position - tail.Position + LogFormat.BlockBytes > region.SizeBytes) return (null, NothingThere);
        var block = await ReadAtAsync(position, LogFormat.BlockBytes, cancellationToken);
        if (!LogFormat.TryRead(block.Span, fileSystem, out var header))
        {
            return (null, IsOneBitFrom(block.Span, expected, position) ? OneBit : NothingThere);
        }

        if (header.Append != expected || header.Position != position) return (null, NothingThere);
        var bytes = LogFormat.PaddedBytes(header.BodyBytes);
        if (position - tail.Position + bytes > region.SizeBytes) 
        {
            return (null, $"append {expected} is longer than the log");
        }

        var whole = await ReadAtAsync(position, (int)bytes, cancellationToken);
        var body = whole.Slice(LogFormat.HeaderBytes, (int)header.BodyBytes);
        if (Crc32c.Compute(body.Span) != header.BodyChecksum) 
        {
            var isOneBit = Crc32c.FindFlippedBit(body.Span, header.BodyChecksum, LogFormat.HeaderBytes) >= 0;
            return (null, isOneBit ? OneBit : $"the body of append {expected} is not whole");
        }

        return (new(header, body.ToArray(), IsProven: false), null);
    }

    private bool IsOneBitFrom(ReadOnlySpan<byte> block, ulong append, long position)
    {
        Span<byte> header = stackalloc byte[LogFormat.HeaderBytes];
        block[..LogFormat.HeaderBytes].CopyTo(header);
        return Crc32c.TryMend(header) && LogFormat.TryRead(header, fileSystem, out var mended)
            && mended.Append == append && mended.Position == position;
    }

    // The first whole append with a higher number beyond a bad place.
    internal async ValueTask<LogHeader?> FindLaterAsync(long from, ulong last, CancellationToken cancellationToken)
    {
        var end = Math.Min(tail.Position + region.SizeBytes, from + LookAheadBytes);
        for (var position = from + LogFormat.BlockBytes; position < end; position += LogFormat.BlockBytes)
        {
            var block = await ReadAtAsync(position, LogFormat.BlockBytes, cancellationToken);
            if (!LogFormat.TryRead(block.Span, fileSystem, out var header)) continue;
            if (header.Append <= last || header.Position != position) continue;
            var (later, _) = await ReadAsync(position, header.Append, cancellationToken);
            if (later is not null) return header;
        }

        return null;
    }

    // Borrowed until the next call.
    private async ValueTask<ReadOnlyMemory<byte>> ReadAtAsync(long position, int bytes,
        CancellationToken cancellationToken)
    {
        if (position < _windowStart || position + bytes > _windowStart + _windowBytes)
        {
            if (bytes > _window.CapacityBytes)
            {
                _window.Return();
                _window = AlignedMemory.Allocate(bytes);
            }

            _windowStart = position;
            _windowBytes = (int)Math.Min(_window.CapacityBytes, Math.Max(bytes, region.SizeBytes / 2));
            var offset = position % region.SizeBytes;
            var first = (int)Math.Min(_windowBytes, region.SizeBytes - offset);
            await region.ReadAsync(offset, _window.Memory[..first], cancellationToken);
            if (first < _windowBytes) await region.ReadAsync(0, _window.Memory[first.._windowBytes], cancellationToken);
        }

        return _window.Memory.Slice((int)(position - _windowStart), bytes);
    }
}
