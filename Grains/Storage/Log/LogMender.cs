using System.Globalization;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>
/// Goes through a log from its tail as recovery does, and turns back single flipped bits in headers and bodies. It ends
/// where no append with the next number is, or one that more than a bit has changed.
/// </summary>
internal static class LogMender
{
    /// <summary>Mends the log on a region that can be written; says where, one sentence an append.</summary>
    public static async ValueTask<List<string>> RunAsync(
        IBlockDevice region, ulong fileSystem, LogTail tail, CancellationToken cancellationToken)
    {
        var mended = new List<string>();
        var position = tail.Position;
        for (var append = tail.Append; position + LogFormat.BlockBytes <= tail.Position + region.SizeBytes; append++)
        {
            var block = await ReadAsync(region, position, LogFormat.BlockBytes, cancellationToken);
            var isHeaderMended = Crc32c.TryMend(block.Span[..LogFormat.HeaderBytes]);
            if (!LogFormat.TryRead(block.Span, fileSystem, out var header)) break;
            if (header.Append != append || header.Position != position) break;
            var bytes = LogFormat.PaddedBytes(header.BodyBytes);
            if (position + bytes > tail.Position + region.SizeBytes) break;
            var whole = await ReadAsync(region, position, (int)bytes, cancellationToken);
            block.Span[..LogFormat.HeaderBytes].CopyTo(whole.Span);
            var body = whole.Span.Slice(LogFormat.HeaderBytes, (int)header.BodyBytes);
            var isBodyWhole = Crc32c.Compute(body) == header.BodyChecksum;
            var bit = isBodyWhole ? -1 : Crc32c.FindFlippedBit(body, header.BodyChecksum);
            if (!isBodyWhole && bit < 0) break;
            if (bit >= 0) Crc32c.Flip(body, bit);
            if (bit >= 0 || isHeaderMended)
            {
                await WriteAsync(region, position, whole, cancellationToken);
                mended.Add(string.Create(CultureInfo.InvariantCulture,
                    $"Append {append} at offset {position % region.SizeBytes}: a flipped bit was turned back"));
            }

            position += bytes;
        }

        if (mended.Count > 0) await region.FlushAsync(cancellationToken);
        return mended;
    }

    private static async ValueTask<Memory<byte>> ReadAsync(
        IBlockDevice region, long position, int bytes, CancellationToken cancellationToken)
    {
        var memory = new byte[bytes];
        using var aligned = AlignedMemoryPool.Shared.Rent(bytes);
        var offset = position % region.SizeBytes;
        var first = (int)Math.Min(bytes, region.SizeBytes - offset);
        await region.ReadAsync(offset, aligned.Memory[..first], cancellationToken);
        if (first < bytes) await region.ReadAsync(0, aligned.Memory[first..bytes], cancellationToken);
        aligned.Memory[..bytes].CopyTo(memory);
        return memory;
    }

    private static async ValueTask WriteAsync(
        IBlockDevice region, long position, Memory<byte> bytes, CancellationToken cancellationToken)
    {
        using var aligned = AlignedMemoryPool.Shared.Rent(bytes.Length);
        bytes.CopyTo(aligned.Memory);
        var offset = position % region.SizeBytes;
        var first = (int)Math.Min(bytes.Length, region.SizeBytes - offset);
        await region.WriteAsync(offset, aligned.Memory[..first], cancellationToken);
        if (first < bytes.Length)
        {
            await region.WriteAsync(0, aligned.Memory[first..bytes.Length], cancellationToken);
        }
    }
}
