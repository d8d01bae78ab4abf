using System.Runtime.CompilerServices;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Reading and verifying items.</summary>
public sealed partial class BlockStore
{
    /// <inheritdoc />
    public async ValueTask<bool> VerifyAsync(
        ChunkLocation location, uint storedBytes, uint checksum, CancellationToken cancellationToken = default)
    {
        if (storedBytes is 0 or > Limits.StoredItemBytesMax) return false;
        using var buffer = _pool.Rent(AlignedMemory.RoundUp((int)storedBytes));
        var error = await ReadItemAsync(
            location, checksum, buffer.Memory[..(int)storedBytes], isProbe: true, cancellationToken);
        if (error == FsError.None) return true;

        // Not torn, which changes more than a bit: it was there, and what has happened to it since is damage.
        return error == FsError.EIO && Crc32c.FindFlippedBit(
            buffer.GetSpan()[..(int)storedBytes], checksum, location.Slot * ChunkLocation.SlotBytes) >= 0;
    }

    /// <summary>As <see cref="IBlockClient.ReadAsync"/>.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var error = await ReadItemAsync(location, checksum, destination, isProbe: false, cancellationToken);
        return error == FsError.None ? Nothing.Value : error;
    }

    // A probe is expected to fail now and then: it is neither counted nor logged.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FsError> ReadItemAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, bool isProbe,
        CancellationToken cancellationToken)
    {
        if (destination.Length is 0 or > Limits.StoredItemBytesMax) return FsError.EINVAL;
        if (BeginRead(location, destination.Length, out var deviceOffset) is not { } body) return FsError.ESTALE;
        try
        {
            await FillAsync(deviceOffset, destination, cancellationToken);
        }
        catch (FsException fault)
        {
            if (!isProbe) _logger.ReadFailed(location.Segment.Value, location.Slot, deviceOffset, fault);
            if (!isProbe) _counters.AddReadFault();
            return FsError.EIO;
        }
        finally
        {
            lock (_gate) _map.EndRead(body);
        }

        var found = Crc32c.Compute(destination.Span);
        if (found == checksum)
        {
            if (!isProbe) _counters.AddRead(destination.Length);
            return FsError.None;
        }

        if (isProbe) return FsError.EIO;
        _counters.AddChecksumFault();
        _logger.ChecksumWrong(
            location.Segment.Value, location.Slot, _device.Name, deviceOffset, destination.Length, checksum, found);
        return FsError.EIO;
    }

    private Segment? BeginRead(ChunkLocation location, int storedBytes, out long deviceOffset)
    {
        lock (_gate)
        {
            deviceOffset = 0;
            var body = _map.Resolve(location, storedBytes, out var offset);
            if (body is null) return null;
            body.Readers++;
            deviceOffset = _map.OffsetOf(body, offset);
            return body;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(long deviceOffset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (AlignedMemory.IsAligned(destination))
        {
            await _device.ReadAsync(deviceOffset, destination, cancellationToken);
            return;
        }

        using var bounce = _pool.Rent(AlignedMemory.RoundUp(destination.Length));
        await _device.ReadAsync(
            deviceOffset, bounce.Memory[..AlignedMemory.RoundUp(destination.Length)], cancellationToken);
        bounce.GetSpan()[..destination.Length].CopyTo(destination.Span);
    }
}
