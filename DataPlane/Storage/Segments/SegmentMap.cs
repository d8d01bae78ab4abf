using System.Diagnostics.CodeAnalysis;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>
/// All segments, the places they lie in, and what is free: the store's state without its I/O. Every member is called
/// under the store's gate.
/// </summary>
/// <remarks>
/// Invariants: a place is free, or the body of exactly one segment, or left and waiting for readers or for the index. A
/// segment's <see cref="Segment.LiveBytes"/> is the sum of the live items that lie in its place. What the account says
/// is used is the sum over all live items, plus what recovered segments may hold.
/// </remarks>
internal sealed partial class SegmentMap
{
    private readonly SortedDictionary<ulong, Segment> _all = [];
    private readonly Dictionary<ulong, Segment> _byId = [];
    private readonly Queue<int> _free = new();
    private readonly List<Segment> _swept = [];
    private readonly List<Segment> _dirty = [];
    private readonly List<SegmentId> _removed = [];
    private readonly List<Segment> _unsealed = [];
    private readonly OpenLane[] _lanes;
    private readonly DeviceGeometry _geometry;
    private readonly SegmentTable _table;
    private readonly ulong _idBase;
    private readonly bool _inline;
    private ulong _idCount;
    private int _placeCount;

    public SegmentMap(DeviceGeometry geometry, SegmentTable table, uint openCount, SpaceAccount space, bool inline)
    {
        _geometry = geometry;
        _table = table;
        _idBase = (ulong)openCount << 32;   // ids of different openings never meet, without asking the device
        Space = space;
        _inline = inline;
        var lanes = new List<OpenLane>();
        for (var i = 0; i < Limits.OpenChunkSegments; i++) lanes.Add(new OpenLane(SegmentKind.Chunks));
        for (var i = 0; i < Limits.OpenLocatedSegments; i++) lanes.Add(new OpenLane(SegmentKind.Located));
        lanes.Add(new OpenLane(SegmentKind.Moved));
        _lanes = [.. lanes];
    }

    public SpaceAccount Space { get; }

    public int FreePlaces => _free.Count;

    public int PlaceCount => _placeCount;

    public int SegmentCount => _all.Count;

    /// <summary>Grows when a place becomes free or space is released: what waiters for space look at.</summary>
    public ulong FreedCount { get; private set; }

    public int UnsealedCount => _unsealed.Count;

    /// <summary>All segments in the order of their ids.</summary>
    public IEnumerable<Segment> All => _all.Values;

    public bool TryFind(SegmentId id, [NotNullWhen(true)] out Segment? segment) =>
        _byId.TryGetValue(id.Value, out segment);

    public long OffsetOf(Segment segment, int offsetBytes) => _geometry.PlaceOffset(segment.Place) + offsetBytes;

    /// <summary>Puts places to use that the device has grown; their entries are zeros.</summary>
    public void AddPlaces(int placeCount)
    {
        for (; _placeCount < placeCount; _placeCount++) _free.Enqueue(_placeCount);
    }

    /// <summary>The lane of a kind that the fewest puts use now; the caller gives it back by <see
    /// cref="Leave"/>.</summary>
    public OpenLane Enter(SegmentKind kind)
    {
        OpenLane? best = null;
        foreach (var lane in _lanes)
        {
            if (lane.Kind == kind && (best is null || lane.Users < best.Users)) best = lane;
        }

        best!.Users++;
        return best;
    }

    public static void Leave(OpenLane lane) => lane.Users--;

    /// <summary>
    /// The lane's segment with room for an item of <paramref name="spaceBytes"/>, a new one if the old one is full.
    /// Null when no place is free for that. A new segment's table entry is the caller's to write.
    /// </summary>
    public Segment? TakeOpen(OpenLane lane, int spaceBytes, out bool isNew)
    {
        isNew = false;
        if (lane.Segment is { } open)
        {
            if (!open.HasFailed && HasRoom(open, spaceBytes)) return open;
            lane.Segment = null;
            Close(open);
        }

        var kept = lane.Kind == SegmentKind.Moved ? 0 : Limits.CompactionPlacesReserved;
        if (_free.Count <= kept) return null;
        var place = _free.Dequeue();
        var segment = new Segment(new SegmentId(_idBase | ++_idCount), lane.Kind, place)
        {
            Directory = [],
            EntryWritten = new Broadcast(_inline),
        };
        _table.Set(place, segment.Id, PlaceState.Open, lane.Kind);
        Add(segment);
        lane.Segment = segment;
        isNew = true;
        return segment;
    }

    public bool HasRoom(Segment segment, int spaceBytes) =>
        segment.FillBytes + spaceBytes + SegmentDirectory.BytesFor(segment.Directory!.Count + 1)
            <= _geometry.SegmentBytes;

    /// <summary>Takes room for an item at the end; <see cref="HasRoom"/> has said that there is some.</summary>
    public static uint Append(Segment segment, uint storedBytes, in DirectoryEntry entry)
    {
        var slot = (uint)(segment.FillBytes / ChunkLocation.SlotBytes);
        segment.Directory!.Add(entry with { Slot = slot });
        segment.FillBytes += SegmentItem.SpaceOf(storedBytes);
        return slot;
    }

    /// <summary>Adds a live item that lies where it was put; its space is in the account already.</summary>
    public void AddPut(Segment segment, uint slot, uint storedBytes, uint checksum, ulong epoch)
    {
        segment.Add(new SegmentItem
        {
            Slot = slot, StoredBytes = storedBytes, Checksum = checksum, LastEpoch = epoch,
        });
        var space = SegmentItem.SpaceOf(storedBytes);
        segment.LiveBytes += space;
        Space.IdleBytes += space;
        MarkSwept(segment);
    }

    /// <summary>Takes no more puts; sealed when its last write has completed.</summary>
    public void Close(Segment segment)
    {
        if (segment.Phase != SegmentPhase.Open) return;
        segment.Phase = SegmentPhase.Closed;
        MarkSwept(segment);
        if (!segment.HasFailed) _unsealed.Add(segment);
    }

    /// <summary>Closes the segments of all lanes: the store is about to close.</summary>
    public void CloseLanes()
    {
        foreach (var lane in _lanes)
        {
            if (lane.Segment is { } open) Close(open);
            lane.Segment = null;
        }
    }

    /// <summary>Takes segments whose directory can be written now.</summary>
    public List<Segment> TakeUnsealed()
    {
        var ready = new List<Segment>();
        foreach (var segment in _unsealed)
        {
            if (segment.Writers == 0) ready.Add(segment);
        }

        _unsealed.RemoveAll(static segment => segment.Writers == 0);
        ready.RemoveAll(static segment => segment.HasFailed || segment.Place < 0 || segment.LiveBytes == 0);
        return ready;
    }

    /// <summary>Takes segments whose sealing failed back for the next round.</summary>
    public void ReturnUnsealed(Segment segment) => _unsealed.Add(segment);

    /// <summary>A write to its place failed: its items are gone, and nothing more is written there.</summary>
    public void FailRun(in WriteRun run, ReadOnlySpan<ChunkLocation> locations)
    {
        run.Segment.HasFailed = true;
        Span<bool> kept = stackalloc bool[SegmentDirectory.CountMax(Limits.SegmentBytes)];
        kept = kept[..run.Segment.ItemCount];
        kept.Fill(true);
        foreach (var location in locations)
        {
            var index = run.Segment.Find(location.Slot);
            kept[index] = false;
            ref var item = ref run.Segment.Items[index];
            Space.IdleBytes -= item.SpaceBytes;
            run.Segment.LiveBytes -= item.SpaceBytes;
        }

        run.Segment.Retain(kept);
    }

    /// <summary>Where the bytes of a location lie now; null when there is no such location.</summary>
    public Segment? Resolve(ChunkLocation location, int storedBytes, out int offsetBytes)
    {
        var slot = (int)Math.Min(location.Slot, int.MaxValue / 2 / ChunkLocation.SlotBytes);   // far out stays far out
        offsetBytes = slot * ChunkLocation.SlotBytes;
        if (!_byId.TryGetValue(location.Segment.Value, out var segment)) return null;
        var index = segment.Find(location.Slot);
        if (index >= 0 && segment.Items[index].Host is { } host)
        {
            offsetBytes = (int)(segment.Items[index].HostSlot * ChunkLocation.SlotBytes);
            segment = host;
        }

        var isWithin = offsetBytes % Limits.DeviceBlockBytes == 0 && offsetBytes + storedBytes <= segment.FillBytes;
        return segment.Place >= 0 && isWithin ? segment : null;
    }

    /// <summary>Ends a read; the last one of a place that was left meanwhile gives that back.</summary>
    public void EndRead(Segment body)
    {
        body.Readers--;
        TryFreeLeft(body);
    }

    private void Add(Segment segment)
    {
        _all.Add(segment.Id.Value, segment);
        _byId.Add(segment.Id.Value, segment);
        MarkSwept(segment);
    }

    private void MarkSwept(Segment segment)
    {
        if (segment.IsSwept) return;
        segment.IsSwept = true;
        _swept.Add(segment);
    }

    private void MarkDirty(Segment segment)
    {
        if (segment.IsDirty) return;
        segment.IsDirty = true;
        _dirty.Add(segment);
    }

    private void FreePlace(int place, Segment last)
    {
        _table.Set(place, last.Id, PlaceState.Free, last.Kind);
        _free.Enqueue(place);
        FreedCount++;
    }

    private void TryFreeLeft(Segment body)
    {
        if (body.LeftPlace < 0 || body.Readers > 0) return;
        FreePlace(body.LeftPlace, body);
        body.LeftPlace = Segment.NoPlace;
    }
}
