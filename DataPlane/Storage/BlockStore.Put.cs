using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Buffers;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Storing items.</summary>
public sealed partial class BlockStore
{
    /// <summary>As <see cref="IBlockClient.PutAsync"/>, with the reservation that pays first.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    internal async ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, SpaceReservation reservation,
        CancellationToken cancellationToken)
    {
        var error = Validate(items.Span, locations.Length, out var spaceBytes);
        if (error != FsError.None) return error;
        error = await UseSpaceAsync(spaceBytes, reservation, cancellationToken);
        if (error != FsError.None) return error;

        var pin = Epochs.Current;   // only now: who waited for space waited for epochs
        var done = 0;
        List<Task<FsError>>? others = null;   // a batch that goes on in another segment: its writes run side by side
        while (done < items.Length)
        {
            if (!TryPlace(items.Span, locations.Span, done, out var run, out var lane))
            {
                // Not given up: the space is taken, writes of other items may be on their way, and the wait is bounded.
                error = await WaitForPlaceAsync(CancellationToken.None);
                if (error != FsError.None) break;
                if (done == 0) pin = Epochs.Current;
                continue;
            }

            done += run.Count;
            var write = PutRunAsync(run, lane, items, locations);
            if (done < items.Length) (others ??= []).Add(write.AsTask());
            else error = await write;
        }

        foreach (var other in others ?? []) error = await other is var fault and not FsError.None ? fault : error;
        if (error == FsError.None && _options.Flush == FlushPolicy.BeforeAck) error = await FlushPutAsync();
        if (error == FsError.None) return new PutReply(pin);
        ReleaseRest(items.Span[done..]);
        return error;
    }

    private FsError Validate(ReadOnlySpan<BlockWrite> items, int locations, out long spaceBytes)
    {
        spaceBytes = 0;
        if (_failure is not null || _isClosing) return FsError.EROFS;
        if (items.Length is 0 or > Limits.PutItemsMax || locations < items.Length) return FsError.EINVAL;
        foreach (ref readonly var item in items)
        {
            var max = item.Fingerprint.IsZero ? Limits.LocatedBytes : Limits.StoredItemBytesMax;
            if (item.Bytes.Length == 0 || item.Bytes.Length > max) return FsError.EINVAL;
            if (Crc32c.Compute(item.Bytes.Span) != item.Checksum) return FsError.EBADMSG;
            spaceBytes += item.SpaceBytes;
        }

        return FsError.None;
    }

    // Takes room for as many items from 'first' on as go into one segment one after the other.
    private bool TryPlace(
        ReadOnlySpan<BlockWrite> items, Span<ChunkLocation> locations, int first, out WriteRun run, out OpenLane lane)
    {
        var kind = KindOf(items[first]);
        lock (_gate)
        {
            run = default;
            lane = _map.Enter(kind);
            var segment = _map.TakeOpen(lane, items[first].SpaceBytes, out var isNew);
            if (segment is null)
            {
                SegmentMap.Leave(lane);
                return false;
            }

            var offset = segment.FillBytes;
            var epoch = Epochs.Current;
            var next = first;
            for (; next < items.Length && KindOf(items[next]) == kind; next++)
            {
                ref readonly var item = ref items[next];
                var storedBytes = (uint)item.Bytes.Length;
                if (!_map.HasRoom(segment, SegmentItem.SpaceOf(storedBytes))) break;
                var location = new ChunkLocation(segment.Id, (uint)(segment.FillBytes / ChunkLocation.SlotBytes));
                locations[next] = location;
                var slot = SegmentMap.Append(segment, storedBytes, new DirectoryEntry(
                    0, storedBytes, item.Checksum, item.Codec, item.Fingerprint, location));
                _map.AddPut(segment, slot, storedBytes, item.Checksum, epoch);
            }

            segment.Writers++;
            run = new WriteRun(segment, offset, segment.FillBytes - offset, first, next - first, isNew);
            return true;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FsError> PutRunAsync(
        WriteRun run, OpenLane lane, ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations)
    {
        var error = await WriteRunAsync(run, items);
        FinishRun(run, lane, locations.Span, error);
        if (error != FsError.None) ReleaseRest(items.Span.Slice(run.FirstItem, run.Count));
        return error;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FsError> WriteRunAsync(WriteRun run, ReadOnlyMemory<BlockWrite> items)
    {
        try
        {
            // Side by side with the data: before the flush that follows both, neither is promised.
            var entry = run.IsFirst ? WriteEntryAsync(run.Segment) : ValueTask.CompletedTask;
            var offset = _map.OffsetOf(run.Segment, run.OffsetBytes);
            if (TryBorrow(items.Span.Slice(run.FirstItem, run.Count), run.LengthBytes, out var whole))
            {
                await _device.WriteAsync(offset, whole);
            }
            else
            {
                using var buffer = _pool.Rent(run.LengthBytes);
                Gather(items.Span.Slice(run.FirstItem, run.Count), buffer.GetSpan()[..run.LengthBytes]);
                await _device.WriteAsync(offset, buffer.Memory[..run.LengthBytes]);
            }

            await entry;
            if (run.Segment.EntryWritten is { } others) await others.WaitAsync();
            return run.Segment.HasFailed ? FsError.EIO : FsError.None;
        }
        catch (FsException fault)
        {
            _logger.WriteFailed(run.Segment.Id.Value, _map.OffsetOf(run.Segment, run.OffsetBytes), fault);
            return fault.Error == FsError.ENOSPC ? FsError.ENOSPC : FsError.EIO;
        }
    }

    private void FinishRun(in WriteRun run, OpenLane lane, ReadOnlySpan<ChunkLocation> locations, FsError error)
    {
        var isSealDue = false;
        lock (_gate)
        {
            SegmentMap.Leave(lane);
            run.Segment.Writers--;
            if (error == FsError.None) _counters.AddPut(run.Count, run.LengthBytes);
            else _map.FailRun(run, locations.Slice(run.FirstItem, run.Count));
            isSealDue = _map.UnsealedCount > Limits.UnsealedSegmentsMax;
        }

        if (isSealDue) Kick();
    }

    // No put of a segment is answered before its entry is written: the flush that makes the data durable then makes the
    // entry durable too, and a start that finds the data finds whose it is.
    private async ValueTask WriteEntryAsync(Segment segment)
    {
        var written = segment.EntryWritten!;
        try
        {
            await _table.WriteAsync(segment.Place);
            segment.EntryWritten = null;
            written.Complete();
        }
        catch (FsException)
        {
            segment.HasFailed = true;
            written.Complete();
            throw;
        }
    }

    private async ValueTask<FsError> FlushPutAsync()
    {
        try
        {
            await _deviceFlushes.RunAsync();
            return FsError.None;
        }
        catch (FsException)
        {
            return FsError.EIO;   // told by FlushDeviceAsync
        }
    }

    private void ReleaseRest(ReadOnlySpan<BlockWrite> rest)
    {
        lock (_gate)
        {
            foreach (ref readonly var item in rest) _space.Release(item.SpaceBytes);
        }
    }

    private static SegmentKind KindOf(in BlockWrite item) =>
        item.Fingerprint.IsZero ? SegmentKind.Located : SegmentKind.Chunks;

    // The caller's own memory can be written as it is when its items are whole pages side by side in native memory.
    private static bool TryBorrow(ReadOnlySpan<BlockWrite> items, int lengthBytes, out ReadOnlyMemory<byte> whole)
    {
        whole = items[0].Bytes;
        if (items.Length == 1) return whole.Length == lengthBytes && AlignedMemory.IsAligned(whole);
        if (!MemoryMarshal.TryGetMemoryManager<byte, MemoryManager<byte>>(
            whole, out var first, out var start, out var end))
        {
            return false;
        }

        end += start;
        foreach (ref readonly var item in items[1..])
        {
            if (!MemoryMarshal.TryGetMemoryManager<byte, MemoryManager<byte>>(
                item.Bytes, out var manager, out var offset, out var length)) return false;
            if (manager != first || offset != end) return false;
            end += length;
        }

        if (end - start != lengthBytes) return false;
        whole = first.Memory.Slice(start, lengthBytes);
        return AlignedMemory.IsAligned(whole);
    }

    private static void Gather(ReadOnlySpan<BlockWrite> items, Span<byte> target)
    {
        foreach (ref readonly var item in items)
        {
            var bytes = item.Bytes.Span;
            var spaceBytes = SegmentItem.SpaceOf((uint)bytes.Length);
            bytes.CopyTo(target);
            target[bytes.Length..spaceBytes].Clear();
            target = target[spaceBytes..];
        }
    }
}
