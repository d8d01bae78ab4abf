using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Check;

/// <summary>
/// Checks a device and its index offline, reading only: superblocks, segment table, directories of sealed segments, the
/// bytes of every referenced item, and the index' counts against the references that the metadata really holds. Before
/// that it verifies single items: a replay of the log asks for those of the last append.
/// </summary>
public sealed partial class DeviceCheck : IStoredDataVerifier
{
    private const string RestoreAdvice = "restore the file from a backup or delete it; every other file is readable";

    private const string LossAdvice = "do not start the file system: the bytes would be dropped";
    private const string SpaceAdvice = "its space is not reused";
    private const string IndexAdvice = "stop here and put the index aside: the next start makes it anew";

    private readonly StorageDevice _storage;
    private readonly string _indexName;
    private readonly TimeProvider _time;
    private readonly bool _repair;
    private readonly HashSet<ChunkLocation> _lost = [];
    private readonly List<CheckFinding> _findings = [];
    private readonly Dictionary<ulong, int> _placeOf = [];
    private readonly Dictionary<ChunkLocation, (SegmentRowItem Item, int Place)> _items = [];
    private SegmentTableEntry[] _entries = [];
    private long _checkedBytes;

    private DeviceCheck(StorageDevice storage, string indexName, bool repair, TimeProvider time)
    {
        _repair = repair;
        _storage = storage;
        _indexName = indexName;
        _time = time;
    }

    /// <summary>
    /// Begins a check: reads what says where things lie. Nothing else may use the device until the check has ended.
    /// Broken things are findings, not exceptions; only a device that cannot be opened at all throws before this, in
    /// <see cref="StorageDevice.OpenAsync"/>.
    /// </summary>
    /// <param name="storage">The device, opened read-only.</param>
    /// <param name="index">Its index; stays the caller's.</param>
    /// <param name="time">Clock of the progress.</param>
    /// <param name="repair">
    /// Turns back single flipped bits on the device, which must be open for writing. Nothing else is changed.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<DeviceCheck> BeginAsync(
        StorageDevice storage, ISegmentIndex index, TimeProvider time, bool repair = false,
        CancellationToken cancellationToken = default)
    {
        var check = new DeviceCheck(storage, index.Name, repair, time);
        if (repair && storage.Warnings.Count > 0) await check.RepairSuperblocksAsync(cancellationToken);
        foreach (var warning in repair ? [] : storage.Warnings)
        {
            check.Add(
                CheckSeverity.Warning, warning, storage.Device.Name, 0, "the next start writes both copies again");
        }

        check._entries = await check.ReadTableAsync(cancellationToken);
        check.ReadIndex(index, check._entries);
        return check;
    }

    /// <summary>Checks everything.</summary>
    /// <param name="references">
    /// What the committed metadata refers to: an entry a location, its <see cref="ReferenceDelta.Delta"/> the count.
    /// The log must have been fed to the index up to the state that these come from, or <paramref name="pending"/>
    /// holds what was not.
    /// </param>
    /// <param name="pending">Changes in the log beyond the index' cursor.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellationToken">Ends the check with what was found so far as exception.</param>
    public async ValueTask<CheckReport> RunAsync(
        IReadOnlyCollection<ReferenceDelta> references, IReadOnlyCollection<ReferenceDelta> pending,
        IProgress<CheckProgress>? progress, CancellationToken cancellationToken = default)
    {
        await CheckDirectoriesAsync(_entries, cancellationToken);
        CheckCounts(references, pending);
        await CheckItemsAsync(references, progress, cancellationToken);
        return new CheckReport(_findings, references.Count, _checkedBytes, _placeOf.Count) { Lost = _lost };
    }

    /// <inheritdoc />
    public async ValueTask<bool> VerifyAsync(
        ChunkLocation location, uint storedBytes, uint checksum, CancellationToken cancellationToken = default)
    {
        using var buffer = AlignedMemoryPool.Shared.Rent(AlignedMemory.RoundUp(Limits.StoredItemBytesMax));
        var reference = new ReferenceDelta(location, storedBytes, checksum, 1);
        if (await FindItemFaultAsync(reference, OffsetOf(location), buffer, cancellationToken) is null) return true;

        // Not torn, which changes more than a bit: it was there, and what has happened to it since is damage.
        return storedBytes is > 0 and <= Limits.StoredItemBytesMax
            && Crc32c.FindFlippedBit(
                buffer.GetSpan()[..(int)storedBytes], checksum, location.Slot * ChunkLocation.SlotBytes) >= 0;
    }

    private async ValueTask<SegmentTableEntry[]> ReadTableAsync(CancellationToken cancellationToken)
    {
        var geometry = _storage.Geometry;
        var entries = new SegmentTableEntry[_storage.PlaceCount];
        using var page = AlignedMemoryPool.Shared.Rent(Limits.DeviceBlockBytes);
        var read = -1L;
        for (var place = 0; place < entries.Length; place++)
        {
            var offset = geometry.EntryOffset(place);
            var block = offset / Limits.DeviceBlockBytes * Limits.DeviceBlockBytes;
            if (block != read)
            {
                await _storage.Device.ReadAsync(block, page.Memory[..Limits.DeviceBlockBytes], cancellationToken);
                read = block;
            }

            if (!SegmentTableEntry.TryRead(page.GetSpan()[(int)(offset - block)..], place, out entries[place]))
            {
                SegmentTableEntry.CheckVersion(page.GetSpan()[(int)(offset - block)..], _storage.Device.Name, offset);
                if (await TryMendAsync(block, page.Memory[..Limits.DeviceBlockBytes], (int)(offset - block),
                    SegmentTableEntry.SizeBytes, "a segment table entry", cancellationToken))
                {
                    place--;
                    continue;
                }

                Add(CheckSeverity.Warning, $"segment table entry of place {place} is damaged",
                    _storage.Device.Name, offset,
                    "the index knows what lies there; the entry is written again when the place is used next");
            }
            else if (entries[place].State != PlaceState.Free && !_placeOf.TryAdd(entries[place].Segment.Value, place))
            {
                var id = entries[place].Segment.Value;
                Add(CheckSeverity.Warning, $"segment {id} has place {place} and place {_placeOf[id]}",
                    _storage.Device.Name, offset, "the index decides which one counts");
            }
        }

        return entries;
    }

    private void ReadIndex(ISegmentIndex index, SegmentTableEntry[] entries)
    {
        var rows = new List<SegmentRow>();
        try
        {
            var state = index.Load(rows.Add);
            if (!state.IsNew && state.DeviceId != _storage.Superblock.DeviceId)
            {
                Add(CheckSeverity.Error,
                    $"expected the index of device {_storage.Superblock.DeviceId:x}, found that of {state.DeviceId:x}",
                    _indexName, -1, "put back the index that belongs to this device");
                rows.Clear();
            }
        }
        catch (FsException fault)
        {
            Add(CheckSeverity.Error, fault.Message, _indexName, -1, IndexAdvice);
        }

        foreach (var row in rows)
        {
            var isThere = row.Place >= 0 && row.Place < entries.Length
                && (entries[row.Place].Segment == row.Id || entries[row.Place] == default);
            if (isThere) _placeOf[row.Id.Value] = row.Place;
            else _placeOf.Remove(row.Id.Value);
        }

        foreach (var row in rows) ReadRow(row);
    }

    private void ReadRow(SegmentRow row)
    {
        try
        {
            foreach (var item in row.DecodeItems())
            {
                var host = item.Host.IsNone ? row.Id : item.Host.Segment;
                _items[new ChunkLocation(row.Id, item.Slot)] = (item, _placeOf.GetValueOrDefault(host.Value, -1));
            }
        }
        catch (FsException fault)
        {
            Add(CheckSeverity.Error, fault.Message, _indexName, -1, IndexAdvice);
        }
    }

    // Only of segments that something still refers to: a directory in a dead segment's place may be half overwritten.
    private async ValueTask CheckDirectoriesAsync(SegmentTableEntry[] entries, CancellationToken cancellationToken)
    {
        var live = new HashSet<int>();
        foreach (var (item, place) in _items.Values)
        {
            if (item.Count > 0 && place >= 0) live.Add(place);
        }

        var geometry = _storage.Geometry;
        var bytes = SegmentDirectory.BytesFor(SegmentDirectory.CountMax(geometry.SegmentBytes));
        using var tail = AlignedMemoryPool.Shared.Rent(bytes);
        var directory = new List<DirectoryEntry>();
        foreach (var place in live.Order())
        {
            if (entries[place].State != PlaceState.Sealed) continue;
            var offset = geometry.PlaceOffset(place) + geometry.SegmentBytes - bytes;
            var fault = "unreadable directory";
            try
            {
                await _storage.Device.ReadAsync(offset, tail.Memory[..bytes], cancellationToken);
                fault = SegmentDirectory.TryRead(
                    tail.GetSpan()[..bytes], entries[place].Segment, geometry.SegmentBytes, directory);
            }
            catch (FsException unreadable)
            {
                fault = unreadable.Message;
            }

            if (fault is null) continue;
            if (await TryMendDirectoryAsync(offset, tail.Memory[..bytes], entries[place].Segment, cancellationToken))
            {
                continue;
            }

            Add(CheckSeverity.Warning, $"segment {entries[place].Segment.Value} in place {place}: {fault}",
                _storage.Device.Name, offset, "its items are readable by the index; compaction writes a new directory");
        }
    }

    private void CheckCounts(
        IReadOnlyCollection<ReferenceDelta> references, IReadOnlyCollection<ReferenceDelta> pending)
    {
        var counts = new Dictionary<ChunkLocation, int>();
        foreach (var reference in references) Count(reference.Location, reference.Delta);
        foreach (var change in pending) Count(change.Location, -change.Delta);
        foreach (var (location, expected) in counts.OrderBy(c => c.Key.Segment.Value).ThenBy(c => c.Key.Slot))
        {
            var found = _items.TryGetValue(location, out var known) ? known.Item.Count : 0;
            if (found == expected) continue;
            Add(found < expected ? CheckSeverity.Error : CheckSeverity.Warning,
                $"{NameOf(location)}: the metadata refers to it {expected} times, the index counts {found}",
                _indexName, -1, found < expected ? LossAdvice : SpaceAdvice);
        }

        foreach (var (location, known) in _items.OrderBy(i => i.Key.Segment.Value).ThenBy(i => i.Key.Slot))
        {
            if (known.Item.Count == 0 || counts.ContainsKey(location)) continue;
            Add(CheckSeverity.Warning,
                $"{NameOf(location)}: the index counts {known.Item.Count}, the metadata does not refer to it",
                _indexName, -1, SpaceAdvice);
        }

        void Count(ChunkLocation location, int change) =>
            counts[location] = counts.GetValueOrDefault(location) + change;
    }

    private async ValueTask CheckItemsAsync(
        IReadOnlyCollection<ReferenceDelta> references, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        const int reportEach = 256;
        var started = _time.GetTimestamp();
        var done = 0L;
        using var buffer = AlignedMemoryPool.Shared.Rent(AlignedMemory.RoundUp(Limits.StoredItemBytesMax));

        // In device order: a disk reads forwards.
        foreach (var (reference, offset) in references.Select(r => (Reference: r, Offset: OffsetOf(r.Location)))
            .OrderBy(r => r.Offset))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await CheckItemAsync(reference, offset, buffer, cancellationToken);
            if (++done % reportEach == 0 || done == references.Count)
            {
                progress?.Report(new CheckProgress(
                    done, references.Count, _checkedBytes, _time.GetElapsedTime(started)));
            }
        }
    }

    private async ValueTask CheckItemAsync(
        ReferenceDelta reference, long offset, AlignedMemory buffer, CancellationToken cancellationToken)
    {
        if (await FindItemFaultAsync(reference, offset, buffer, cancellationToken) is { } fault)
        {
            _lost.Add(reference.Location);
            Add(CheckSeverity.Error, $"{NameOf(reference.Location)}{fault}", _storage.Device.Name, offset,
                RestoreAdvice);
        }
        else
        {
            _checkedBytes += reference.StoredBytes;
        }
    }

    // What is wrong with an item, to follow its name; null when it is whole.
    private async ValueTask<string?> FindItemFaultAsync(
        ReferenceDelta reference, long offset, AlignedMemory buffer, CancellationToken cancellationToken)
    {
        var isPossible = reference.StoredBytes is > 0 and <= Limits.StoredItemBytesMax;
        var length = isPossible ? AlignedMemory.RoundUp((int)reference.StoredBytes) : 0;
        isPossible &= offset >= 0 && offset % Limits.DeviceBlockBytes == 0;
        if (!isPossible || offset + length > _storage.Device.SizeBytes) return ": there is no such item";
        try
        {
            await _storage.Device.ReadAsync(offset, buffer.Memory[..length], cancellationToken);
        }
        catch (FsException fault)
        {
            return $": {fault.Message}";
        }

        var found = Crc32c.Compute(buffer.GetSpan()[..(int)reference.StoredBytes]);
        if (found == reference.Checksum) return null;
        return await TryMendItemAsync(reference, offset, buffer.Memory[..length], cancellationToken)
            ? null
            : $", {reference.StoredBytes} bytes: expected CRC32C {reference.Checksum:x8}, found {found:x8}";
    }

    private long OffsetOf(ChunkLocation location)
    {
        var slot = location.Slot;
        if (!_placeOf.TryGetValue(location.Segment.Value, out var place)) place = -1;
        if (_items.TryGetValue(location, out var known))
        {
            place = known.Place;
            if (!known.Item.Host.IsNone) slot = known.Item.Host.Slot;
        }

        var within = (long)slot * ChunkLocation.SlotBytes;
        if (place < 0 || within >= _storage.Geometry.SegmentBytes) return -1;
        return _storage.Geometry.PlaceOffset(place) + within;
    }

    private static string NameOf(ChunkLocation location) =>
        $"segment {location.Segment.Value} slot {location.Slot}";

    private void Add(CheckSeverity severity, string what, string file, long offset, string advice) =>
        _findings.Add(new CheckFinding(severity, what, file, offset, advice));
}
