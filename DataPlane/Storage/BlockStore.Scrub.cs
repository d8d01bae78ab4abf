using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Reading everything that is stored, beside all other use.</summary>
public sealed partial class BlockStore
{
    private const int ScrubReadsMax = 3;
    private const string ScrubAdvice = "stop, and run `cfs fsck --repair`";

    // What is written meanwhile may be read half: that is over when it is read again.
    private static readonly TimeSpan ScrubPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Bytes that a scrub begun now reads, nearly: what is live.</summary>
    public long ScrubBytes
    {
        get
        {
            lock (_gate) return _map.All.Sum(static segment => (long)segment.LiveBytes);
        }
    }

    /// <summary>
    /// Reads superblocks, segment table, directories of sealed segments and every item that is referenced now, from
    /// the device, and compares checksums. What is found is told, not thrown; changes nothing. What is put after the
    /// call is not read.
    /// </summary>
    /// <param name="observer">Told of each transfer and of each finding.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask ScrubAsync(IScrubObserver observer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(observer);
        foreach (var offset in (long[])[0, DeviceGeometry.SecondSuperblockOffset])
        {
            await ScrubRecordAsync(
                offset, Superblock.SizeBytes, static page => Superblock.TryRead(page, out _), observer,
                cancellationToken);
        }

        for (var place = 0; place < _storage.PlaceCount; place++)
        {
            place = await ScrubTableBlockAsync(place, observer, cancellationToken);
        }

        List<SegmentId> segments;
        lock (_gate)
        {
            // In the order of the device, as far as items were not moved: a disk reads forwards.
            segments = [.. _map.All.OrderBy(static segment => segment.Place).Select(static segment => segment.Id)];
        }

        foreach (var segment in segments)
        {
            await ScrubItemsAsync(segment, observer, cancellationToken);
            await ScrubDirectoryAsync(segment, observer, cancellationToken);
        }
    }

    // The entries of one block of the table; answers the last place that it holds.
    private async ValueTask<int> ScrubTableBlockAsync(
        int place, IScrubObserver observer, CancellationToken cancellationToken)
    {
        const int perBlock = Limits.DeviceBlockBytes / SegmentTableEntry.SizeBytes;
        var geometry = _storage.Geometry;
        var inZone = place % geometry.PlacesPerZone;
        var count = Math.Min(perBlock, Math.Min(geometry.PlacesPerZone - inZone, _storage.PlaceCount - place));
        string? FindFault(ReadOnlySpan<byte> block)
        {
            for (var i = 0; i < count; i++)
            {
                if (SegmentTableEntry.TryRead(block[(i * SegmentTableEntry.SizeBytes)..], place + i, out _)) continue;
                return $"segment table entry of place {place + i} is damaged";
            }

            return null;
        }

        await ScrubRecordAsync(
            geometry.EntryOffset(place), Limits.DeviceBlockBytes, FindFault, observer, cancellationToken);
        return place + count - 1;
    }

    private async ValueTask ScrubRecordAsync(
        long offset, int bytes, RecordFault findFault, IScrubObserver observer, CancellationToken cancellationToken)
    {
        using var page = _pool.Rent(bytes);
        string? fault = null;
        for (var reads = 0; reads < ScrubReadsMax; reads++)
        {
            if (reads > 0) await Task.Delay(ScrubPause, _time, cancellationToken);
            fault = await TryReadAsync(offset, page.Memory[..bytes], cancellationToken) 
                ?? findFault(page.GetSpan()[..bytes]);
            await observer.ReadAsync(bytes, cancellationToken);
            if (fault is null) return;
        }

        observer.Found(new(CheckSeverity.Warning, fault!, _device.Name, offset, ScrubAdvice), lost: null);
    }

    private async ValueTask<string?> TryReadAsync(
        long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            await _device.ReadAsync(offset, destination, cancellationToken);
            return null;
        }
        catch (FsException fault)
        {
            return fault.Message;
        }
    }

    private async ValueTask ScrubDirectoryAsync(
        SegmentId id, IScrubObserver observer, CancellationToken cancellationToken)
    {
        var bytes = SegmentDirectory.BytesFor(SegmentDirectory.CountMax(_storage.Geometry.SegmentBytes));
        Segment? segment;
        long offset;
        lock (_gate)
        {
            var isThere = _map.TryFind(id, out segment) && segment.Phase == SegmentPhase.Sealed
                && segment.Place >= 0 && segment.LiveBytes > 0;
            if (!isThere) return;
            segment!.Readers++;   // the place is not given to another meanwhile
            offset = _map.OffsetOf(segment, _storage.Geometry.SegmentBytes - bytes);
        }

        try
        {
            var entries = new List<DirectoryEntry>();
            await ScrubRecordAsync(
                offset, bytes, tail => SegmentDirectory.TryRead(tail, id, _storage.Geometry.SegmentBytes, entries),
                observer, cancellationToken);
        }
        finally
        {
            lock (_gate) _map.EndRead(segment);
        }
    }

    private async ValueTask ScrubItemsAsync(SegmentId id, IScrubObserver observer, CancellationToken cancellationToken)
    {
        SegmentItem[] items;
        lock (_gate) items = _map.TryFind(id, out var segment) ? segment.Items.ToArray() : [];
        using var buffer = _pool.Rent(AlignedMemory.RoundUp(Limits.StoredItemBytesMax));
        foreach (var item in items)
        {
            // What nothing refers to yet may still be on its way to the device.
            if (item.Count <= 0) continue;
            var location = new ChunkLocation(id, item.Slot);
            var destination = buffer.Memory[..(int)item.StoredBytes];
            var error = FsError.None;
            for (var reads = 0; reads < ScrubReadsMax; reads++)
            {
                if (reads > 0) await Task.Delay(ScrubPause, _time, cancellationToken);
                error = await ReadItemAsync(location, item.Checksum, destination, isProbe: true, cancellationToken);
                await observer.ReadAsync(item.SpaceBytes, cancellationToken);
                if (error == FsError.None || !IsReferenced(location)) break;
            }

            if (error != FsError.None && IsReferenced(location)) Report(location, item, observer);
        }
    }

    private bool IsReferenced(ChunkLocation location)
    {
        lock (_gate)
        {
            if (!_map.TryFind(location.Segment, out var segment)) return false;
            var index = segment.Find(location.Slot);
            return index >= 0 && segment.Items[index].Count > 0;
        }
    }

    private void Report(ChunkLocation location, in SegmentItem item, IScrubObserver observer)
    {
        var offset = -1L;
        if (BeginRead(location, (int)item.StoredBytes, out var found) is { } body)
        {
            offset = found;
            lock (_gate) _map.EndRead(body);
        }

        observer.Found(
            new(CheckSeverity.Error,
                $"segment {location.Segment.Value} slot {location.Slot}: {item.StoredBytes} bytes cannot be read, or "
                + $"have another CRC32C than {item.Checksum:x8}",
                _device.Name, offset, ScrubAdvice),
            location);
    }

    private delegate string? RecordFault(ReadOnlySpan<byte> bytes);
}
