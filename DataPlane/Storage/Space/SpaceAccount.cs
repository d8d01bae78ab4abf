using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Space;

/// <summary>Space that a client holds for later puts. Changes under the store's gate.</summary>
internal sealed class SpaceReservation
{
    public long Bytes { get; set; }
}

/// <summary>
/// What the store holds and has promised, in whole blocks of items. Under the store's gate. Used plus reserved never
/// exceeds the capacity, and the capacity is so much less than the device that every admitted put finds a place, after
/// compaction at the latest.
/// </summary>
internal sealed class SpaceAccount
{
    public long CapacityBytes { get; private set; }

    public long UsedBytes { get; private set; }

    public long ReservedBytes { get; private set; }

    /// <summary>The part of what is used that nothing refers to: pinned, or garbage that is not reusable yet.</summary>
    public long IdleBytes { get; set; }

    /// <summary>Garbage given back since the start.</summary>
    public long ReclaimedBytes { get; private set; }

    /// <summary>
    /// Bytes of items that each full segment holds at least: a segment is left only when the next item does not fit.
    /// </summary>
    public static int SegmentYield(int segmentBytes) => segmentBytes
        - Format.SegmentDirectory.BytesFor(Format.SegmentDirectory.CountMax(segmentBytes)) - Limits.StoredItemBytesMax;

    public void SetPlaces(int placeCountMax, int segmentBytes)
    {
        var outside = Math.Max(Limits.ReservedPlacesMin, placeCountMax / Limits.ReservedPlacesShare);
        CapacityBytes = (long)Math.Max(0, placeCountMax - outside) * SegmentYield(segmentBytes);
    }

    /// <summary>Takes space for a put, first from what its client has reserved.</summary>
    public bool TryUse(long bytes, SpaceReservation reservation, out long fromReservation)
    {
        fromReservation = Math.Min(bytes, reservation.Bytes);
        if (bytes - fromReservation > CapacityBytes - UsedBytes - ReservedBytes) return false;
        reservation.Bytes -= fromReservation;
        ReservedBytes -= fromReservation;
        UsedBytes += bytes;
        return true;
    }

    /// <summary>Takes space without asking: what recovery finds is there.</summary>
    public void Use(long bytes) => UsedBytes += bytes;

    public void Release(long bytes)
    {
        UsedBytes -= bytes;
        Invariant.That(UsedBytes >= 0);
    }

    /// <summary>As <see cref="Release"/>, of what lay idle.</summary>
    public void Reclaim(long bytes)
    {
        Release(bytes);
        IdleBytes -= bytes;
        ReclaimedBytes += bytes;
    }

    public bool TryReserve(long bytes, SpaceReservation reservation)
    {
        if (bytes > CapacityBytes - UsedBytes - ReservedBytes) return false;
        reservation.Bytes += bytes;
        ReservedBytes += bytes;
        return true;
    }

    /// <summary>Gives back at most what the client holds.</summary>
    public void Unreserve(long bytes, SpaceReservation reservation)
    {
        bytes = Math.Min(bytes, reservation.Bytes);
        reservation.Bytes -= bytes;
        ReservedBytes -= bytes;
    }
}
