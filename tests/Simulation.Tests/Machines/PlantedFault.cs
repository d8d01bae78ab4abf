using System.Buffers.Binary;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>A mistake put in below the silo, or beside it: a test that does not find it is worth nothing.</summary>
internal enum PlantedFault
{
    None,

    /// <summary>The device answers flushes without doing them.</summary>
    NothingIsFlushed,

    /// <summary>Flushes leave out the log.</summary>
    LogIsNotFlushed,

    /// <summary>Flushes leave out the segments: extents are committed before their data is durable.</summary>
    DataIsNotFlushed,

    /// <summary>The tables say that they are durable, the log is recycled, and they are not.</summary>
    LogIsRecycledEarly,

    /// <summary>The last append counts although not all of it was written.</summary>
    TornAppendIsTrusted,

    /// <summary>The last append counts although its data was not all written.</summary>
    TornDataIsTrusted,

    /// <summary>A client says that it gave a lease back, and goes on serving what it knows.</summary>
    RecallIsIgnored,

    /// <summary>The silo does not know an operation again that is sent again.</summary>
    RetryIsDoneAgain,
}

/// <summary>Says that all data is what the log says.</summary>
internal sealed class TrustingVerifier : IStoredDataVerifier
{
    public ValueTask<bool> VerifyAsync(ChunkLocation location, uint storedBytes, uint checksum,
        CancellationToken cancellationToken = default) => new(true);
}

/// <summary>
/// A log whose appends seem whole as soon as their headers are: what is read gets the checksum that it should have.
/// Form: docs/spec/log.md.
/// </summary>
internal sealed class TrustingLogRegion(BlockDeviceRegion region) : IBlockDevice
{
    private const int HeaderBytes = 80;
    private const int BodyBytesOffset = 56;
    private const int BodyChecksumOffset = 60;
    private const int HeaderChecksumOffset = 76;

    public string Name => region.Name;

    public long SizeBytes => region.SizeBytes;

    public int BlockBytes => region.BlockBytes;

    public async ValueTask ReadAsync(
        long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        await region.ReadAsync(offset, destination, cancellationToken);
        for (var i = 0; i < destination.Length; i += BlockBytes) Mend(destination.Span[i..]);
    }

    public ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
        region.WriteAsync(offset, source, cancellationToken);

    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => region.FlushAsync(cancellationToken);

    public ValueTask GrowAsync(
        long sizeBytes, IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        region.GrowAsync(sizeBytes, progress, cancellationToken);

    public ValueTask DisposeAsync() => region.DisposeAsync();

    private static void Mend(Span<byte> append)
    {
        if (!append.StartsWith("CFSLOG1\0"u8)) return;
        var bodyBytes = BinaryPrimitives.ReadUInt32LittleEndian(append[BodyBytesOffset..]);
        if (bodyBytes > append.Length - HeaderBytes) return;
        BinaryPrimitives.WriteUInt32LittleEndian(
            append[BodyChecksumOffset..], Crc32c.Compute(append.Slice(HeaderBytes, (int)bodyBytes)));
        BinaryPrimitives.WriteUInt32LittleEndian(
            append[HeaderChecksumOffset..], Crc32c.Compute(append[..HeaderChecksumOffset]));
    }
}
