using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Check;

/// <summary>What the metadata says about stored items: what a rebuild cannot find on the device.</summary>
/// <param name="References">
/// What everything committed refers to: an entry a location, its <see cref="ReferenceDelta.Delta"/> the count.
/// </param>
/// <param name="Pending">Changes in the log beyond <paramref name="Cursor"/>; they are among the references.</param>
/// <param name="Cursor">The append from which on the log will be fed again: how far the tables reach.</param>
/// <param name="Stamp">Its stamp.</param>
public sealed record RebuildSource(
    IReadOnlyCollection<ReferenceDelta> References, IReadOnlyCollection<ReferenceDelta> Pending, ulong Cursor,
    Stamp Stamp);

/// <summary>What a rebuild of the index did.</summary>
/// <param name="Segments">Rows written.</param>
/// <param name="Items">Items in them.</param>
/// <param name="Lost">Locations that are referenced and lie nowhere on the device.</param>
public sealed record RebuildReport(int Segments, long Items, IReadOnlyList<ReferenceDelta> Lost);

/// <summary>
/// Makes the index of a device anew: which segment has which place from the segment table, where compaction moved items
/// from the directories of its segments (from their bytes, where a directory was not written yet), how often each is
/// referenced from the metadata. Nothing else may use the device. Used once.
/// </summary>
/// <remarks>
/// Why the candidates of an item are complete: an item lies where its location says as long as the table gives that
/// place to its segment. Compaction gives a place away only after the copies are durable, and the entry of the place
/// that holds them with them. So what no longer lies in its own place lies in a segment of the kind
/// <see cref="SegmentKind.Moved"/>. Of several candidates the bytes decide.
/// </remarks>
public sealed class IndexRebuild
{
    private readonly StorageDevice _storage;
    private readonly DeviceGeometry _geometry;
    private readonly SegmentTable _table;
    private readonly Dictionary<ChunkLocation, WantedItem> _wanted = [];
    private readonly SortedDictionary<ulong, int> _placeOf = [];
    private readonly List<DirectoryEntry> _directory = [];

    private IndexRebuild(StorageDevice storage)
    {
        _storage = storage;
        _geometry = storage.Geometry;
        _table = new SegmentTable(storage.Device, _geometry, inline: true);
    }

    /// <summary>
    /// What is wrong with an index so that it has to be made anew: damaged, or empty beside segments; null when it can
    /// be used. Throws <see cref="FsException"/>: EINVAL (an index of another version), EIO (the device).
    /// </summary>
    public static async ValueTask<string?> FindFaultAsync(
        StorageDevice storage, ISegmentIndex index, CancellationToken cancellationToken = default)
    {
        try
        {
            if (!index.Load(static row => row.DecodeItems()).IsNew) return null;
        }
        catch (FsException fault) when (fault.Error == FsError.EIO)
        {
            return fault.Message;
        }

        var table = new SegmentTable(storage.Device, storage.Geometry, inline: true);
        await table.LoadAsync(storage.PlaceCount, cancellationToken);
        for (var place = 0; place < storage.PlaceCount; place++)
        {
            if (table[place].State != PlaceState.Free) return "it is empty, but the device holds segments";
        }

        return null;
    }

    /// <summary>
    /// Fills <paramref name="index"/>, which must be empty, by one commit: a crash before its end leaves it empty.
    /// Throws <see cref="FsException"/>: EIO (device or index), ENOSPC (index).
    /// </summary>
    /// <param name="storage">The device; only read.</param>
    /// <param name="index">Takes the rows; stays the caller's.</param>
    /// <param name="source">What the metadata says.</param>
    /// <param name="progress">Told of the places looked at, and of all.</param>
    /// <param name="time">Clock of the progress.</param>
    /// <param name="cancellationToken">Gives up; the index stays empty.</param>
    public static async ValueTask<RebuildReport> RunAsync(
        StorageDevice storage, ISegmentIndex index, RebuildSource source, IProgress<CheckProgress>? progress,
        TimeProvider time, CancellationToken cancellationToken = default)
    {
        Invariant.That(index.Load(static _ => { }).IsNew);
        var rebuild = new IndexRebuild(storage);
        await rebuild._table.LoadAsync(storage.PlaceCount, cancellationToken);
        rebuild.Count(source);
        using var buffer = AlignedMemoryPool.Shared.Rent(rebuild._geometry.SegmentBytes);
        await rebuild.FindPlacesAsync(buffer, cancellationToken);
        await rebuild.FindGuestsAsync(buffer, progress, time, cancellationToken);
        var lost = new List<ReferenceDelta>();
        foreach (var (location, item) in rebuild._wanted)
        {
            await rebuild.DecideAsync(location, item, buffer, cancellationToken);
            if (item.Place < 0 && item.FinalCount > 0)
                lost.Add(new(location, item.StoredBytes, item.Checksum, item.FinalCount));
        }

        var rows = rebuild.MakeRows(out var items);
        var superblock = storage.Superblock;
        index.Commit(new(superblock.FileSystem, superblock.DeviceId, source.Cursor, source.Stamp), rows, []);
        lost.Sort(static (a, b) => a.Location.Segment.Value != b.Location.Segment.Value
            ? a.Location.Segment.Value.CompareTo(b.Location.Segment.Value)
            : a.Location.Slot.CompareTo(b.Location.Slot));
        return new RebuildReport(rows.Count, items, lost);
    }

    // Counts as they stand at the cursor. What the log names only later is looked for too: it may have been moved.
    private void Count(RebuildSource source)
    {
        foreach (var reference in source.References)
        {
            var item = Want(reference);
            item.Count += reference.Delta;
            item.FinalCount += reference.Delta;
        }

        foreach (var change in source.Pending) Want(change).Count -= change.Delta;
    }

    private WantedItem Want(in ReferenceDelta reference)
    {
        if (_wanted.TryGetValue(reference.Location, out var known)) return known;
        var item = new WantedItem { StoredBytes = reference.StoredBytes, Checksum = reference.Checksum };
        if (reference.StoredBytes is > 0 and <= Limits.StoredItemBytesMax) _wanted.Add(reference.Location, item);
        return item;
    }

    // A damaged entry says nothing: the directory of what lies there, if it has one, says whose it is.
    private async ValueTask FindPlacesAsync(AlignedMemory buffer, CancellationToken cancellationToken)
    {
        for (var place = 0; place < _storage.PlaceCount; place++)
        {
            if (_table.Damaged.Contains(place)) continue;
            if (_table[place].State != PlaceState.Free) _placeOf.TryAdd(_table[place].Segment.Value, place);
        }

        foreach (var place in _table.Damaged.Order())
        {
            var tail = buffer.Memory[..Limits.DeviceBlockBytes];
            await _storage.Device.ReadAsync(
                _geometry.PlaceOffset(place) + _geometry.SegmentBytes - tail.Length, tail, cancellationToken);
            if (SegmentDirectory.TryReadOwner(tail.Span, out var owner)) _placeOf.TryAdd(owner.Value, place);
        }
    }

    private async ValueTask FindGuestsAsync(
        AlignedMemory buffer, IProgress<CheckProgress>? progress, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var finder = new ItemFinder(_wanted);
        var (done, bytes) = (0, 0L);
        foreach (var (id, place) in _placeOf)
        {
            cancellationToken.ThrowIfCancellationRequested();
            progress?.Report(new CheckProgress(done++, _placeOf.Count, bytes, time.GetElapsedTime(started)));
            var isDamaged = _table.Damaged.Contains(place);
            if (!isDamaged && _table[place].Kind != SegmentKind.Moved) continue;
            var segment = new SegmentId(id);
            if (await TryReadDirectoryAsync(segment, place, buffer, cancellationToken))
            {
                foreach (var entry in _directory) AddGuest(segment, place, entry.Location, entry.Slot);
                continue;
            }

            // Full or not, what its bytes are tells which items they are.
            var whole = buffer.Memory[.._geometry.SegmentBytes];
            await _storage.Device.ReadAsync(_geometry.PlaceOffset(place), whole, cancellationToken);
            foreach (var (location, slot) in finder.Find(whole.Span)) AddGuest(segment, place, location, slot);
            bytes += whole.Length;
        }

        progress?.Report(new CheckProgress(done, _placeOf.Count, bytes, time.GetElapsedTime(started)));
    }

    private void AddGuest(SegmentId host, int place, ChunkLocation location, uint slot)
    {
        if (location.Segment == host || !_wanted.TryGetValue(location, out var item)) return;
        (item.Candidates ??= []).Add((place, new ChunkLocation(host, slot)));
    }

    private async ValueTask<bool> TryReadDirectoryAsync(
        SegmentId segment, int place, AlignedMemory buffer, CancellationToken cancellationToken)
    {
        if (_table[place].State == PlaceState.Open && !_table.Damaged.Contains(place)) return false;
        var tail = buffer.Memory[..SegmentDirectory.BytesFor(SegmentDirectory.CountMax(_geometry.SegmentBytes))];
        await _storage.Device.ReadAsync(
            _geometry.PlaceOffset(place) + _geometry.SegmentBytes - tail.Length, tail, cancellationToken);
        return SegmentDirectory.TryRead(tail.Span, segment, _geometry.SegmentBytes, _directory) is null;
    }

    // Where it was put counts first: what is there as it should be needs no host.
    private async ValueTask DecideAsync(
        ChunkLocation location, WantedItem item, AlignedMemory buffer, CancellationToken cancellationToken)
    {
        var offset = (long)location.Slot * ChunkLocation.SlotBytes;
        var isWithin = offset % Limits.DeviceBlockBytes == 0 && offset + item.StoredBytes <= _geometry.SegmentBytes;
        if (isWithin && _placeOf.TryGetValue(location.Segment.Value, out var own))
        {
            var isOnly = item.Candidates is null;
            if (isOnly || await IsThereAsync(own, location.Slot, item, buffer, cancellationToken))
            {
                item.Place = own;
                return;
            }
        }

        // Of the copies the last one: the others were moved on.
        for (var i = (item.Candidates?.Count ?? 0) - 1; i >= 0; i--)
        {
            var (place, host) = item.Candidates![i];
            if (!await IsThereAsync(place, host.Slot, item, buffer, cancellationToken)) continue;
            (item.Place, item.Host) = (place, host);
            return;
        }
    }

    private async ValueTask<bool> IsThereAsync(
        int place, uint slot, WantedItem item, AlignedMemory buffer, CancellationToken cancellationToken)
    {
        var bytes = buffer.Memory[..AlignedMemory.RoundUp((int)item.StoredBytes)];
        var offset = (long)slot * ChunkLocation.SlotBytes;
        if (offset % Limits.DeviceBlockBytes != 0 || offset + bytes.Length > _geometry.SegmentBytes) return false;
        await _storage.Device.ReadAsync(_geometry.PlaceOffset(place) + offset, bytes, cancellationToken);
        return Crc32c.Compute(bytes.Span[..(int)item.StoredBytes]) == item.Checksum;
    }

    // A row for each segment that names an item or holds one. The other places are the next start's to give back.
    private List<SegmentRow> MakeRows(out long itemCount)
    {
        var items = new SortedDictionary<ulong, List<SegmentRowItem>>();
        itemCount = 0;
        foreach (var (location, item) in _wanted)
        {
            if (item.Place < 0) continue;
            ItemsOf(location.Segment).Add(new(
                location.Slot, item.StoredBytes, item.Checksum, Math.Max(0, item.Count), item.Host));
            if (!item.Host.IsNone) ItemsOf(item.Host.Segment);
            itemCount++;
        }

        var rows = new List<SegmentRow>();
        foreach (var (id, packed) in items)
        {
            packed.Sort(static (a, b) => a.Slot.CompareTo(b.Slot));
            var place = _placeOf.GetValueOrDefault(id, Segment.NoPlace);
            var entry = place >= 0 ? _table[place] : default;
            var isSealed = place < 0 || entry.State == PlaceState.Sealed;
            rows.Add(new(new SegmentId(id), entry.Kind, place, isSealed, SegmentRow.EncodeItems(packed)));
        }

        return rows;

        List<SegmentRowItem> ItemsOf(SegmentId segment) => items.TryGetValue(segment.Value, out var known)
            ? known : items[segment.Value] = [];
    }
}
