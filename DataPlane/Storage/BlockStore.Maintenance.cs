using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>What the store does by itself: epochs, sweeps, seals, growth, compaction.</summary>
public sealed partial class BlockStore
{
    private long? _growthRefusedAt;
    private int _isKicked;

    /// <summary>
    /// One round of maintenance: raises the garbage epoch if all have confirmed, drops what nobody needs, seals full
    /// segments, grows the device or compacts when few places are free. Faults of the device are logged and tried again
    /// in a later round. Calls share rounds.
    /// </summary>
    public Task MaintainAsync() => _maintenance.RunAsync();

    private void StartMaintenance(ILoopFactory loops)
    {
        _loop = loops.Start("blockstore");
        _timer = _time.CreateTimer(static state => ((BlockStore)state!).Kick(), this, TimeSpan.Zero,
            _options.MaintenanceInterval);
    }

    // At most one round waits in the loop's queue.
    private void Kick()
    {
        if (_loop is null || _isClosing || Interlocked.Exchange(ref _isKicked, 1) != 0) return;
        _loop.Post(static state =>
        {
            var store = (BlockStore)state!;
            Volatile.Write(ref store._isKicked, 0);
            if (!store._isClosing) _ = store.RunMaintenanceAsync();
        }, this);
    }

    // The outermost dispatcher of the loop: what nobody expected is told, and the next round tries again.
    private async Task RunMaintenanceAsync()
    {
        try
        {
            await _maintenance.RunAsync();
        }
        catch (Exception fault)
        {
            _logger.MaintenanceFailed(fault);
        }
    }

    private async ValueTask MaintainOnceAsync()
    {
        Epochs.TryRaise();
        SweepOnce();
        if (_failure is not null) return;
        await SealAsync();
        if (_isClosing) return;
        if (IsGrowthDue(out var isUrgent))
        {
            var grown = _growth.RunAsync();
            if (isUrgent || !_options.Background) await grown;
        }

        if (IsCompactionDue()) await CompactAsync();
    }

    private void SweepOnce()
    {
        ulong before;
        lock (_gate)
        {
            before = _map.FreedCount;
            _map.Sweep(Epochs.Current, Math.Min(_durableCursor, _tablesCursor));
            if (_map.FreedCount == before) return;
        }

        SignalFreed();
    }

    private bool IsGrowthDue(out bool isUrgent)
    {
        lock (_gate)
        {
            isUrgent = _map.FreePlaces <= Limits.CompactionPlacesReserved;
            var isTooSoon = _growthRefusedAt is { } at && _time.GetElapsedTime(at) < Limits.DeviceGrowthRetry;
            return !isTooSoon && _storage.Superblock.WrittenBytes < _storage.Geometry.CapacityBytes
                && _map.FreePlaces < Limits.FreePlacesAhead;
        }
    }

    private async ValueTask GrowOnceAsync()
    {
        try
        {
            if (!await _storage.GrowAsync()) return;
        }
        catch (FsException fault)
        {
            bool isNews;
            lock (_gate)
            {
                isNews = _growthRefusedAt is null;
                _growthRefusedAt = _time.GetTimestamp();
                _space.SetPlaces(_storage.PlaceCount, _storage.Geometry.SegmentBytes);
            }

            if (isNews) _logger.GrowthRefused(_device.Name, _storage.PlaceCount, _space.CapacityBytes, fault);
            return;
        }

        _table.Grow(_storage.PlaceCount);
        lock (_gate)
        {
            _growthRefusedAt = null;
            _space.SetPlaces(_storage.PlaceCountMax, _storage.Geometry.SegmentBytes);
            _map.AddPlaces(_storage.PlaceCount);
        }

        _logger.Grown(_device.Name, _storage.PlaceCount);
        SignalFreed();
    }

    // Directories first, then one flush, then the entries that say so: an entry that says 'sealed' is never wrong.
    private async ValueTask SealAsync()
    {
        List<Segment> segments;
        lock (_gate) segments = _map.TakeUnsealed();
        if (segments.Count == 0) return;

        var written = new List<Segment>();
        foreach (var segment in segments)
        {
            if (await TryWriteDirectoryAsync(segment)) written.Add(segment);
        }

        try
        {
            await _deviceFlushes.RunAsync();
        }
        catch (FsException)
        {
            return;   // told by FlushDeviceAsync; nothing is stored any more
        }

        foreach (var segment in written)
        {
            int place;
            lock (_gate)
            {
                _map.SetSealed(segment);
                place = segment.Place;
            }

            if (place >= 0) await TryWriteEntryAsync(place, segment);
        }
    }

    private async ValueTask<bool> TryWriteDirectoryAsync(Segment segment)
    {
        List<DirectoryEntry> directory;
        long offset;
        int bytes;
        lock (_gate)
        {
            if (segment.Directory is null || segment.Place < 0) return false;
            directory = segment.Directory;
            bytes = SegmentDirectory.BytesFor(directory.Count);
            offset = _map.OffsetOf(segment, _storage.Geometry.SegmentBytes - bytes);
            segment.Writers++;   // the place must not be given to another meanwhile
        }

        using var tail = _pool.Rent(bytes);
        SegmentDirectory.Write(tail.GetSpan()[..bytes], segment.Id, directory);
        try
        {
            await _device.WriteAsync(offset, tail.Memory[..bytes]);
            return true;
        }
        catch (FsException fault)
        {
            _logger.SealFailed(segment.Id.Value, offset, fault);
            lock (_gate) _map.ReturnUnsealed(segment);
            return false;
        }
        finally
        {
            lock (_gate) segment.Writers--;
        }
    }

    private async ValueTask TryWriteEntryAsync(int place, Segment segment)
    {
        try
        {
            await _table.WriteAsync(place);
        }
        catch (FsException fault)
        {
            _logger.SealFailed(segment.Id.Value, _storage.Geometry.EntryOffset(place), fault);
        }
    }
}
