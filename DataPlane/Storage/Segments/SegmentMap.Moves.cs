using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>A live item that compaction is about to move, or has copied.</summary>
/// <param name="Origin">The segment that names it.</param>
/// <param name="OriginSlot">Its slot there.</param>
/// <param name="FromSlot">Where it lies in the victim.</param>
/// <param name="StoredBytes">Its length.</param>
/// <param name="Checksum">CRC32C of its bytes.</param>
/// <param name="IsReferenced">Whether a commit refers to it; otherwise a crash may have kept its bytes from the
/// device.</param>
internal readonly record struct MovingItem(
    Segment Origin, uint OriginSlot, uint FromSlot, uint StoredBytes, uint Checksum, bool IsReferenced)
{
    public int SpaceBytes => SegmentItem.SpaceOf(StoredBytes);
}

/// <summary>An item of which <paramref name="Target"/> holds a copy.</summary>
internal readonly record struct CopiedItem(Segment Victim, Segment Target, uint TargetSlot, MovingItem Item);

/// <summary>Compaction's part: which segments are worth emptying, and where their items went.</summary>
internal sealed partial class SegmentMap
{
    /// <summary>
    /// The sparsest segments, as many as yield one place net; empty when all together do not. They are marked: nobody
    /// else picks or retires them until <see cref="EndVictim"/>.
    /// </summary>
    public List<Segment> TakeVictims()
    {
        var yield = SpaceAccount.SegmentYield(_geometry.SegmentBytes);
        var candidates = new List<Segment>();
        foreach (var segment in _all.Values)
        {
            if (IsCandidate(segment) && segment.LiveBytes < yield) candidates.Add(segment);
        }

        candidates.Sort(static (a, b) => a.LiveBytes != b.LiveBytes
            ? a.LiveBytes.CompareTo(b.LiveBytes) : a.Id.Value.CompareTo(b.Id.Value));
        var gained = 0L;
        var count = 0;
        while (count < candidates.Count && count < Limits.CompactionVictimsMax && gained < 2L * yield)
        {
            gained += yield - candidates[count++].LiveBytes;
        }

        candidates.RemoveRange(count, candidates.Count - count);
        if (gained < yield) candidates.Clear();
        foreach (var victim in candidates) victim.IsVictim = true;
        return candidates;
    }

    /// <summary>Lists what lives in a victim's place, in the order of the place.</summary>
    public static void ListLive(Segment victim, List<MovingItem> items)
    {
        items.Clear();
        foreach (ref readonly var item in victim.Items)
        {
            if (item.Host is not null) continue;
            items.Add(new(victim, item.Slot, item.Slot, item.StoredBytes, item.Checksum, item.Count > 0));
        }

        foreach (var guest in victim.Guests ?? [])
        {
            var index = guest.Origin.Find(guest.OriginSlot);
            if (index < 0) continue;
            ref readonly var item = ref guest.Origin.Items[index];
            if (item.Host != victim || item.HostSlot != guest.Slot) continue;   // dropped, or moved on
            items.Add(new(
                guest.Origin, guest.OriginSlot, guest.Slot, item.StoredBytes, item.Checksum, item.Count > 0));
        }

        items.Sort(static (a, b) => a.FromSlot.CompareTo(b.FromSlot));
    }

    /// <summary>
    /// From now on the item is read from <paramref name="target"/>, where its copy is durable. What was dropped while
    /// it was copied is not moved: its copy is garbage.
    /// </summary>
    public void Move(Segment victim, Segment target, uint targetSlot, in MovingItem moving)
    {
        var index = moving.Origin.Find(moving.OriginSlot);
        if (index < 0) return;
        ref var item = ref moving.Origin.Items[index];
        var from = item.Host ?? moving.Origin;
        var fromSlot = item.Host is null ? item.Slot : item.HostSlot;
        if (from != victim || fromSlot != moving.FromSlot || item.Checksum != moving.Checksum) return;

        item.Host = target;
        item.HostSlot = targetSlot;
        victim.LiveBytes -= item.SpaceBytes;
        target.LiveBytes += item.SpaceBytes;
        (target.Guests ??= []).Add(new Guest(moving.Origin, moving.OriginSlot, targetSlot));
        MarkDirty(moving.Origin);
        MarkDirty(target);
    }

    /// <summary>
    /// Ends work on a victim. Emptied, it leaves its place, which the caller gives to <see cref="FreeLeft"/> when the
    /// index has been committed after this call; otherwise it stays where it is and the answer is
    /// <see cref="Segment.NoPlace"/>.
    /// </summary>
    public int EndVictim(Segment victim)
    {
        victim.IsVictim = false;
        MarkSwept(victim);
        if (victim.Place < 0 || victim.LiveBytes > 0 || victim.UnknownBytes > 0) return Segment.NoPlace;

        var place = victim.Place;
        victim.Place = Segment.NoPlace;
        victim.Directory = null;
        victim.Guests = null;
        MarkDirty(victim);
        return place;
    }

    private static bool IsCandidate(Segment segment) => segment is
    {
        Place: >= 0, Phase: not SegmentPhase.Open, Writers: 0, UnknownBytes: 0, IsVictim: false, HasFailed: false,
    };
}
