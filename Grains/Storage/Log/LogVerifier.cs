using System.Globalization;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>
/// Reads what is needed of a log that is in use, from its tail to the end that it had, and compares checksums. What is
/// recycled meanwhile is passed over. Beyond a damaged header it goes on at the next whole append.
/// </summary>
/// <param name="region">The log; only read.</param>
/// <param name="fileSystem">Whose log it is.</param>
/// <param name="readTail">Where the log begins now.</param>
/// <param name="onRead">Told of each transfer; completes when the next may begin.</param>
internal sealed class LogVerifier(
    IBlockDevice region, ulong fileSystem, Func<LogTail> readTail, Func<long, CancellationToken, ValueTask> onRead)
{
    /// <summary>Verifies up to a position that is committed; says what is damaged, with offsets in the log.</summary>
    public async ValueTask<List<string>> RunAsync(long end, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        var (append, position) = readTail();
        while (position < end)
        {
            var (header, fault) = await ReadAppendAsync(append, position, end, cancellationToken);
            if (fault is null)
            {
                append = header!.Value.Append + 1;
                position += LogFormat.PaddedBytes(header.Value.BodyBytes);
                continue;
            }

            var tail = readTail();
            if (tail.Position > position)
            {
                (append, position) = tail;
                continue;
            }

            faults.Add(string.Create(CultureInfo.InvariantCulture,
                $"append {append} at offset {position % region.SizeBytes} {fault}"));
            (append, position) = await FindNextAsync(append, position, end, header, cancellationToken);
        }

        return faults;
    }

    private async ValueTask<(LogHeader? Header, string? Fault)> ReadAppendAsync(
        ulong append, long position, long end, CancellationToken cancellationToken)
    {
        try
        {
            using var block = await ReadAsync(position, LogFormat.BlockBytes, cancellationToken);
            if (!LogFormat.TryRead(block.GetSpan()[..LogFormat.BlockBytes], fileSystem, out var header)
                || header.Append != append || header.Position != position)
            {
                return (null, "has a damaged header");
            }

            var bytes = LogFormat.PaddedBytes(header.BodyBytes);
            if (position + bytes > end) return (null, "has a damaged header");
            using var whole = await ReadAsync(position, (int)bytes, cancellationToken);
            var body = whole.GetSpan().Slice(LogFormat.HeaderBytes, (int)header.BodyBytes);
            return (header, Crc32c.Compute(body) == header.BodyChecksum ? null : "has a damaged body");
        }
        catch (FsException fault)
        {
            return (null, $"cannot be read: {fault.Message}");
        }
    }

    private async ValueTask<(ulong Append, long Position)> FindNextAsync(
        ulong append, long position, long end, LogHeader? header, CancellationToken cancellationToken)
    {
        if (header is { } known) return (append + 1, position + LogFormat.PaddedBytes(known.BodyBytes));
        for (position += LogFormat.BlockBytes; position < end; position += LogFormat.BlockBytes)
        {
            try
            {
                using var block = await ReadAsync(position, LogFormat.BlockBytes, cancellationToken);
                if (LogFormat.TryRead(block.GetSpan()[..LogFormat.BlockBytes], fileSystem, out var next)
                    && next.Append > append && next.Position == position)
                {
                    return (next.Append, position);
                }
            }
            catch (FsException)
            {
                // Named already, with the append that it belongs to.
                continue;
            }
        }

        return (append, end);
    }

    private async ValueTask<AlignedMemory> ReadAsync(long position, int bytes, CancellationToken cancellationToken)
    {
        var memory = AlignedMemoryPool.Shared.Rent(bytes);
        try
        {
            var offset = position % region.SizeBytes;
            var first = (int)Math.Min(bytes, region.SizeBytes - offset);
            await region.ReadAsync(offset, memory.Memory[..first], cancellationToken);
            if (first < bytes) await region.ReadAsync(0, memory.Memory[first..bytes], cancellationToken);
            await onRead(bytes, cancellationToken);
            return memory;
        }
        catch
        {
            memory.Return();
            throw;
        }
    }
}
