using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>Rows out to the index, and in again at a start.</summary>
internal sealed partial class SegmentMap
{
    /// <summary>
    /// Takes the rows that changed and those to remove since the last call. When the commit fails,
    /// <see cref="ReturnChanges"/> takes them back.
    /// </summary>
    public void TakeChanges(List<SegmentRow> changed, List<SegmentId> removed)
    {
        removed.AddRange(_removed);
        _removed.Clear();
        foreach (var segment in _dirty)
        {
            segment.IsDirty = false;
            if (!_byId.ContainsKey(segment.Id.Value)) continue;
            changed.Add(new SegmentRow(
                segment.Id, segment.Kind, segment.Place, segment.Phase == SegmentPhase.Sealed,
                SegmentRow.EncodeItems(segment)));
        }

        _dirty.Clear();
    }

    /// <summary>What a failed commit did not store is due again.</summary>
    public void ReturnChanges(List<SegmentRow> changed, List<SegmentId> removed)
    {
        _removed.AddRange(removed);
        foreach (var row in changed)
        {
            if (_byId.TryGetValue(row.Id.Value, out var segment)) MarkDirty(segment);
            else _removed.Add(row.Id);
        }
    }

    /// <summary>A directory is on stable storage: what it says need not be kept in memory.</summary>
    public void SetSealed(Segment segment)
    {
        if (segment.Phase != SegmentPhase.Closed) return;
        segment.Phase = SegmentPhase.Sealed;
        segment.Directory = null;
        if (segment.Place < 0) return;
        _table.Set(segment.Place, segment.Id, PlaceState.Sealed, segment.Kind);
        MarkDirty(segment);
    }

    /// <summary>
    /// Builds the state from the segment table and the rows of the index, which were read before. Adds to
    /// <paramref name="contradictions"/> what does not fit: live items whose place another segment has, or nobody.
    /// </summary>
    public void Recover(int placeCount, IReadOnlyList<SegmentRow> rows, ulong epoch, List<string> contradictions)
    {
        _placeCount = placeCount;
        var taken = new bool[placeCount];
        foreach (var row in rows) RecoverRow(row, taken, contradictions);
        for (var place = 0; place < placeCount; place++) RecoverPlace(place, taken);
        foreach (var row in rows) RecoverItems(row, epoch, contradictions);
        foreach (var segment in _all.Values.ToArray()) RecoverSpace(segment, epoch);
        for (var place = 0; place < placeCount; place++)
        {
            if (!taken[place]) _free.Enqueue(place);
        }
    }

    // A row's place is the segment's if the table says so too, or cannot say: a place is reused only after the row that
    // had it was committed without it, or without live items.
    private void RecoverRow(SegmentRow row, bool[] taken, List<string> contradictions)
    {
        var place = row.Place;
        if (place >= taken.Length)
        {
            contradictions.Add($"segment {row.Id.Value}: its place {place} lies beyond the device");
            place = Segment.NoPlace;
        }

        if (place >= 0 && _table[place].Segment != row.Id && !_table.Damaged.Contains(place)) place = Segment.NoPlace;
        var isFree = place >= 0 && _table[place] is { State: PlaceState.Free, Sequence: > 0 };
        if (isFree) place = Segment.NoPlace;
        if (place >= 0) taken[place] = true;
        Add(new Segment(row.Id, row.Kind, place)
        {
            Phase = row.IsSealed ? SegmentPhase.Sealed : SegmentPhase.Closed,
            FillBytes = _geometry.SegmentBytes,
        });
    }

    // What the table knows and the index does not was opened after the last commit of the index (or died before it).
    private void RecoverPlace(int place, bool[] taken)
    {
        var entry = _table[place];
        if (taken[place] || entry.State == PlaceState.Free || _byId.ContainsKey(entry.Segment.Value)) return;
        taken[place] = true;
        Add(new Segment(entry.Segment, entry.Kind, place)
        {
            Phase = SegmentPhase.Closed,
            FillBytes = _geometry.SegmentBytes,
        });
    }

    private void RecoverItems(SegmentRow row, ulong epoch, List<string> contradictions)
    {
        var segment = _byId[row.Id.Value];
        foreach (var item in row.DecodeItems())
        {
            var host = item.Host.IsNone ? null : _byId.GetValueOrDefault(item.Host.Segment.Value);
            var body = item.Host.IsNone ? segment : host;
            if (body is null || body.Place < 0)
            {
                if (item.Count == 0) continue;   // never named by a commit, or let go: its place was reused
                contradictions.Add(
                    $"segment {row.Id.Value} slot {item.Slot}: referenced {item.Count} times, but its bytes are gone");
                if (body is null) continue;
            }

            segment.Add(new SegmentItem
            {
                Slot = item.Slot, StoredBytes = item.StoredBytes, Checksum = item.Checksum, Count = item.Count,
                LastEpoch = epoch, Host = host, HostSlot = item.Host.Slot,
            });
            body.LiveBytes += SegmentItem.SpaceOf(item.StoredBytes);
            if (host is not null) (host.Guests ??= []).Add(new Guest(segment, item.Slot, item.Host.Slot));
        }
    }

    private void RecoverSpace(Segment segment, ulong epoch)
    {
        foreach (ref readonly var item in segment.Items)
        {
            Space.Use(item.SpaceBytes);
            if (item.Count == 0) Space.IdleBytes += item.SpaceBytes;
        }

        if (segment.Phase == SegmentPhase.Sealed || segment.Place < 0) return;
        segment.RecoveredEpoch = epoch;
        segment.UnknownBytes = Math.Max(0, _geometry.SegmentBytes - segment.LiveBytes);
        Space.Use(segment.UnknownBytes);
        Space.IdleBytes += segment.UnknownBytes;
    }
}
