using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>What the feed applied to a location that did not fit.</summary>
internal enum FeedAnomaly
{
    None,

    /// <summary>A reference to a segment or an item that is not there.</summary>
    Unknown,

    /// <summary>A count fell below zero.</summary>
    Negative,
}

/// <summary>Counts, and what dies by them.</summary>
internal sealed partial class SegmentMap
{
    /// <summary>Applies one change of a count.</summary>
    public FeedAnomaly Apply(ulong cursor, in ReferenceDelta delta, ulong epoch)
    {
        if (!_byId.TryGetValue(delta.Location.Segment.Value, out var segment))
        {
            // What only goes away may be gone already: its place was given back when an earlier delta let it go.
            return delta.Delta > 0 ? FeedAnomaly.Unknown : FeedAnomaly.None;
        }

        var index = segment.Find(delta.Location.Slot);
        if (index < 0)
        {
            if (delta.Delta <= 0) return FeedAnomaly.None;
            index = AddFromFeed(segment, delta, epoch);
            if (index < 0) return FeedAnomaly.Unknown;
        }

        ref var item = ref segment.Items[index];
        var before = item.Count;
        item.Count += delta.Delta;
        item.LastEpoch = epoch;
        MarkDirty(segment);
        var anomaly = item.Count < 0 ? FeedAnomaly.Negative : FeedAnomaly.None;
        if (item.Count < 0) item.Count = 0;
        if (before == 0 && item.Count > 0) Space.IdleBytes -= item.SpaceBytes;
        if (item.Count > 0) return anomaly;

        if (before > 0) Space.IdleBytes += item.SpaceBytes;
        segment.ZeroCursor = Math.Max(segment.ZeroCursor, cursor);
        MarkSwept(segment);
        return anomaly;
    }

    /// <summary>
    /// Drops what nobody needs: items with a count of zero, neither put nor let go in the last two epochs, whose zero
    /// is durable up to <paramref name="durableCursor"/>; then segments and places without live items.
    /// </summary>
    public void Sweep(ulong epoch, ulong durableCursor)
    {
        // Sweeping puts bodies of dropped guests into the list: they are looked at in the same pass.
        for (var i = 0; i < _swept.Count; i++)
        {
            var segment = _swept[i];
            if (segment.Writers > 0) continue;
            SweepItems(segment, epoch, durableCursor);
            if (segment.UnknownBytes > 0 && epoch >= segment.RecoveredEpoch + 2) ForgetUnknown(segment);
            TryRetire(segment);
        }

        _swept.RemoveAll(segment =>
        {
            segment.IsSwept = segment.Writers > 0 || segment.UnknownBytes > 0 || HasZeroes(segment);
            return !segment.IsSwept;
        });
    }

    /// <summary>Gives back places that were left before a commit of the index that has now succeeded.</summary>
    public void FreeLeft(Segment body, int place)
    {
        body.LeftPlace = place;
        TryFreeLeft(body);
    }

    private static bool HasZeroes(Segment segment)
    {
        foreach (ref readonly var item in segment.Items)
        {
            if (item.Count == 0) return true;
        }

        return false;
    }

    // A crash made us forget what an open segment held; the log still names it.
    private int AddFromFeed(Segment segment, in ReferenceDelta delta, ulong epoch)
    {
        var space = SegmentItem.SpaceOf(delta.StoredBytes);
        var offset = (long)delta.Location.Slot * ChunkLocation.SlotBytes;
        if (segment.Place < 0 || delta.StoredBytes is 0 or > Limits.StoredItemBytesMax) return -1;
        if (offset % Limits.DeviceBlockBytes != 0 || offset + space > segment.FillBytes) return -1;

        var known = Math.Min(space, segment.UnknownBytes);
        segment.UnknownBytes -= known;
        Space.Use(space - known);
        Space.IdleBytes += space - known;   // Apply takes it out again when it counts the first reference
        segment.LiveBytes += space;
        return segment.Add(new SegmentItem
        {
            Slot = delta.Location.Slot, StoredBytes = delta.StoredBytes, Checksum = delta.Checksum, LastEpoch = epoch,
        });
    }

    private void SweepItems(Segment segment, ulong epoch, ulong durableCursor)
    {
        if (segment.ZeroCursor > durableCursor) return;
        Span<bool> kept = stackalloc bool[segment.ItemCount];
        var dropped = 0;
        for (var i = 0; i < kept.Length; i++)
        {
            ref readonly var item = ref segment.Items[i];
            kept[i] = item.Count > 0 || item.LastEpoch + 2 > epoch;
            if (kept[i]) continue;
            dropped++;
            Space.Reclaim(item.SpaceBytes);
            var body = item.Host ?? segment;
            body.LiveBytes -= item.SpaceBytes;
            if (item.Host is not null) MarkSwept(item.Host);
        }

        if (dropped == 0) return;
        segment.Retain(kept);
        MarkDirty(segment);
        FreedCount++;
    }

    private void ForgetUnknown(Segment segment)
    {
        Space.Reclaim(segment.UnknownBytes);
        segment.UnknownBytes = 0;
        FreedCount++;
        if (segment.LiveBytes > 0) RebuildDirectory(segment);
    }

    // All that it holds is known now: it can be sealed. The names of its chunks are forgotten, not their bytes.
    private void RebuildDirectory(Segment segment)
    {
        var live = new List<MovingItem>();
        ListLive(segment, live);
        segment.Directory = live.ConvertAll(item => new DirectoryEntry(
            item.FromSlot, item.StoredBytes, item.Checksum, 0, default,
            new ChunkLocation(item.Origin.Id, item.OriginSlot)));
        _unsealed.Add(segment);
    }

    private void TryRetire(Segment segment)
    {
        if (segment.Phase == SegmentPhase.Open || segment.IsVictim || segment.Writers > 0) return;
        if (segment.Place >= 0 && segment.LiveBytes == 0 && segment.UnknownBytes == 0)
        {
            // Its items are dead durably (or were never named): the place can be reused without asking the index.
            var place = segment.Place;
            segment.Place = Segment.NoPlace;
            segment.Directory = null;
            segment.Guests = null;
            MarkDirty(segment);
            FreeLeft(segment, place);
        }

        if (segment.Place >= 0 || segment.ItemCount > 0 || !_byId.Remove(segment.Id.Value)) return;
        _all.Remove(segment.Id.Value);
        _removed.Add(segment.Id);
    }
}
