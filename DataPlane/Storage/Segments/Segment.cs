using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>How far a segment has come in this process.</summary>
internal enum SegmentPhase
{
    /// <summary>Takes puts.</summary>
    Open,

    /// <summary>Takes no more puts; its directory is not on stable storage.</summary>
    Closed,

    /// <summary>Its directory is on stable storage.</summary>
    Sealed,
}

/// <summary>
/// A segment as the store knows it: as a name (its items, wherever they lie) and as a body (what lies in its place, its
/// own items and guests). Everything in it changes under the store's gate only.
/// </summary>
internal sealed class Segment(SegmentId id, SegmentKind kind, int place)
{
    /// <summary>No place: everything that is left of it lies elsewhere.</summary>
    public const int NoPlace = -1;

    private SegmentItem[] _items = [];

    public SegmentId Id { get; } = id;

    public SegmentKind Kind { get; } = kind;

    public int Place { get; set; } = place;

    public SegmentPhase Phase { get; set; }

    /// <summary>Where the next item goes; the whole segment when nothing may be added.</summary>
    public int FillBytes { get; set; }

    /// <summary>Writes to its place that have not completed; it is neither swept nor sealed meanwhile.</summary>
    public int Writers { get; set; }

    /// <summary>Reads of its place that have not completed; the place is not reused meanwhile.</summary>
    public int Readers { get; set; }

    /// <summary>Bytes of device that live items, own and guests, take of its place.</summary>
    public int LiveBytes { get; set; }

    /// <summary>Bytes that items may take which a crash made us forget; see <see cref="RecoveredEpoch"/>.</summary>
    public int UnknownBytes { get; set; }

    /// <summary>Not 0: found open after a crash in this epoch, and may hold items that the log will name yet.</summary>
    public ulong RecoveredEpoch { get; set; }

    /// <summary>The highest cursor at which an item's count fell to zero.</summary>
    public ulong ZeroCursor { get; set; }

    /// <summary>Its row in the index is not what it is in memory.</summary>
    public bool IsDirty { get; set; }

    /// <summary>In the set of segments that the next sweep looks at.</summary>
    public bool IsSwept { get; set; }

    /// <summary>Being emptied by compaction.</summary>
    public bool IsVictim { get; set; }

    /// <summary>A write to its place failed: nothing more is written there.</summary>
    public bool HasFailed { get; set; }

    /// <summary>A place that it has left and that its last reader gives back; <see cref="NoPlace"/> for none.</summary>
    public int LeftPlace { get; set; } = NoPlace;

    /// <summary>What the directory will hold; null once it is sealed, and where a crash made us forget.</summary>
    public List<DirectoryEntry>? Directory { get; set; }

    /// <summary>Completes when the entry in the segment table is written; its first data waits for that.</summary>
    public Broadcast? EntryWritten { get; set; }

    /// <summary>Live items of other segments that lie here; also stale ones, whose origin knows better.</summary>
    public List<Guest>? Guests { get; set; }

    public int ItemCount { get; private set; }

    public Span<SegmentItem> Items => _items.AsSpan(0, ItemCount);

    /// <summary>Index of the item at <paramref name="slot"/>, or the complement of where it would be.</summary>
    public int Find(uint slot)
    {
        var low = 0;
        var high = ItemCount - 1;
        if (high >= 0 && _items[high].Slot < slot) return ~ItemCount;   // puts append
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var found = _items[middle].Slot;
            if (found == slot) return middle;
            if (found < slot) low = middle + 1;
            else high = middle - 1;
        }

        return ~low;
    }

    /// <summary>Adds an item whose slot is not there yet; returns its index.</summary>
    public int Add(in SegmentItem item)
    {
        var index = ~Find(item.Slot);
        Invariant.That(index >= 0);
        if (ItemCount == _items.Length) Array.Resize(ref _items, Math.Max(8, ItemCount * 2));
        _items.AsSpan(index, ItemCount - index).CopyTo(_items.AsSpan(index + 1));
        _items[index] = item;
        ItemCount++;
        return index;
    }

    /// <summary>Takes out the items for which <paramref name="isKept"/> is false; keeps the order.</summary>
    public void Retain(ReadOnlySpan<bool> isKept)
    {
        var kept = 0;
        for (var i = 0; i < ItemCount; i++)
        {
            if (isKept[i]) _items[kept++] = _items[i];
        }

        _items.AsSpan(kept, ItemCount - kept).Clear();
        ItemCount = kept;
        if (kept == 0) _items = [];
    }

    public override string ToString() => $"{Id.Value} ({Kind}, {Phase}, place {Place})";
}
