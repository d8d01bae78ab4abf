using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Who gets space, and what happens before somebody is refused.</summary>
public sealed partial class BlockStore
{
    /// <summary>How long deletions may take from their commit to the counts, when somebody waits for them.</summary>
    private static readonly TimeSpan FeedWaitMax = TimeSpan.FromMilliseconds(500);

    private const int FeedWaits = 4;

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

        for (var retry = 0; ; retry++)
        {
            lock (_gate)
            {
                if (_space.TryReserve(bytes, reservation)) return Nothing.Value;
                if (bytes > _space.CapacityBytes) return FsError.ENOSPC;
            }

            var error = await ReclaimAsync(retry, cancellationToken);
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
        for (var retry = 0; ; retry++)
        {
            var error = await ReclaimAsync(retry, cancellationToken);
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
        for (var retry = 0; ; retry++)
        {
            lock (_gate)
            {
                if (_map.FreePlaces > Limits.CompactionPlacesReserved) return FsError.None;
            }

            var error = await ReclaimAsync(retry, cancellationToken);
            if (error != FsError.None) return error;
        }
    }

    // One attempt to get space back. Without progress it waits for what others can do (commits, epochs), and refuses
    // when there is nothing to wait for or the time is up.
    private async ValueTask<FsError> ReclaimAsync(int retry, CancellationToken cancellationToken)
    {
        if (_failure is not null || _isClosing) return FsError.EROFS;
        ulong before;
        Task freed;
        bool isIdle;
        lock (_gate)
        {
            before = _map.FreedCount;
            freed = _freed.WaitAsync();
        }

        await _maintenance.RunAsync();
        lock (_gate)
        {
            if (_map.FreedCount != before) return retry < Limits.SpaceRetriesMax ? FsError.None : FsError.ENOSPC;
            isIdle = _space.IdleBytes > 0 || _left.Count > 0;
        }

        if (retry >= Limits.SpaceRetriesMax || _options.SpaceWaitMax == TimeSpan.Zero) return FsError.ENOSPC;
        // Nothing lies idle: what was deleted a moment ago may only not have been fed yet. A few short waits tell.
        if (!isIdle && retry >= FeedWaits) return FsError.ENOSPC;
        var patience = isIdle || _options.SpaceWaitMax < FeedWaitMax ? _options.SpaceWaitMax : FeedWaitMax;
        ReclaimWanted?.Invoke();
        try
        {
            await freed.WaitAsync(patience, _time, cancellationToken);
            return FsError.None;
        }
        catch (TimeoutException)
        {
            return isIdle ? FsError.ENOSPC : FsError.None;
        }
    }

    private void SignalFreed() =>
        Interlocked.Exchange(ref _freed, new Broadcast(_options.InlineContinuations)).Complete();
}
