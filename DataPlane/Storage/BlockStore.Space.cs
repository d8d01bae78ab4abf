using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Who gets space, and what happens before somebody is refused.</summary>
public sealed partial class BlockStore
{
    /// <summary>How long a writer without space waits before it looks again, when nobody tells it earlier.</summary>
    private static readonly TimeSpan SpacePause = TimeSpan.FromMilliseconds(20);

    /// <summary>Epochs after which what lay idle when they began is reusable, or is in use after all.</summary>
    private const int EpochsOfGarbage = 3;

    private bool _isMoreToCome;
    private Broadcast _freed;

    /// <summary>As <see cref="IBlockClient.ReserveAsync"/>.</summary>
    internal async ValueTask<FsResult<Nothing>> ReserveAsync(
        long bytes, SpaceReservation reservation, CancellationToken cancellationToken)
    {
        if (bytes <= 0)
        {
            lock (_gate) _space.Unreserve(-bytes, reservation);
            SignalFreed();
            return Nothing.Value;
        }

        SpaceSearch? search = null;
        while (true)
        {
            lock (_gate)
            {
                if (_space.TryReserve(bytes, reservation)) return Nothing.Value;
                if (bytes > _space.CapacityBytes) return FsError.ENOSPC;
            }

            var error = await ReclaimAsync(search ??= new(), cancellationToken);
            if (error != FsError.None) return error;
        }
    }

    internal void Unreserve(SpaceReservation reservation)
    {
        lock (_gate) _space.Unreserve(reservation.Bytes, reservation);
        SignalFreed();
    }

    private ValueTask<FsError> UseSpaceAsync(
        long bytes, SpaceReservation reservation, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_space.TryUse(bytes, reservation, out _)) return ValueTask.FromResult(FsError.None);
        }

        return UseSpaceSlowlyAsync(bytes, reservation, cancellationToken);
    }

    private async ValueTask<FsError> UseSpaceSlowlyAsync(
        long bytes, SpaceReservation reservation, CancellationToken cancellationToken)
    {
        var search = new SpaceSearch();
        while (true)
        {
            var error = await ReclaimAsync(search, cancellationToken);
            if (error != FsError.None) return error;
            lock (_gate)
            {
                if (_space.TryUse(bytes, reservation, out _)) return FsError.None;
            }
        }
    }

    // Admitted, but the device has no free place at this moment: growth or compaction makes one.
    private async ValueTask<FsError> WaitForPlaceAsync(CancellationToken cancellationToken)
    {
        var search = new SpaceSearch();
        while (true)
        {
            lock (_gate)
            {
                if (_map.FreePlaces > Limits.CompactionPlacesReserved) return FsError.None;
            }

            var error = await ReclaimAsync(search, cancellationToken);
            if (error != FsError.None) return error;
        }
    }

    // One attempt to get space back. Goes on as long as something comes back; without progress it ends when nothing
    // lies idle, when all that did has had its epochs, or when the time is up. The caller looks once more before
    // ENOSPC: what it needs may have been given back meanwhile.
    private async ValueTask<FsError> ReclaimAsync(SpaceSearch search, CancellationToken cancellationToken)
    {
        if (_failure is not null || _isClosing) return FsError.EROFS;
        if (search.IsOver) return FsError.ENOSPC;
        Task freed;
        lock (_gate)
        {
            freed = _freed.WaitAsync();
            if (!search.IsBegun) search.Progress(_map.FreedCount, Epochs.Current, _time.GetTimestamp());
        }

        await _reclaims.RunAsync();
        lock (_gate)
        {
            if (_map.FreedCount != search.FreedCount)
            {
                search.Progress(_map.FreedCount, Epochs.Current, _time.GetTimestamp());
                return FsError.None;
            }

            var isIdle = _space.IdleBytes > 0 || _left.Count > 0;
            var isTried = Epochs.Current > search.Epoch + EpochsOfGarbage;
            var isLate = _time.GetElapsedTime(search.ProgressAt) >= _options.SpaceWaitMax;
            search.IsOver = isLate || (!_isMoreToCome && (!isIdle || isTried));
        }

        if (search.IsOver) return FsError.None;
        try
        {
            await freed.WaitAsync(SpacePause, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nobody told of anything: the next attempt finds out whether an epoch has passed.
        }

        return FsError.None;
    }

    private async ValueTask ReclaimOnceAsync()
    {
        _isMoreToCome = Reclaimer is { } reclaimer && await reclaimer.ReclaimAsync();
        await _maintenance.RunAsync();
    }

    private void SignalFreed() =>
        Interlocked.Exchange(ref _freed, new Broadcast(_options.InlineContinuations)).Complete();

    /// <summary>One writer's search for space: when something last came back, by count, epoch and clock.</summary>
    private sealed class SpaceSearch
    {
        public bool IsBegun { get; private set; }
        public bool IsOver { get; set; }
        public ulong FreedCount { get; private set; }
        public ulong Epoch { get; private set; }
        public long ProgressAt { get; private set; }

        public void Progress(ulong freedCount, ulong epoch, long now) =>
            (IsBegun, FreedCount, Epoch, ProgressAt) = (true, freedCount, epoch, now);
    }
}
