using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>
/// The segment tables of all zones, in memory and on the device. Thread-safe. Blocks are written one after the other,
/// so that an older image never overtakes a newer one.
/// </summary>
internal sealed class SegmentTable
{
    private const int EntriesPerBlock = Limits.DeviceBlockBytes / SegmentTableEntry.SizeBytes;

    private readonly Lock _gate = new();
    private readonly IBlockDevice _device;
    private readonly DeviceGeometry _geometry;
    private readonly CoalescedAction _writes;
    private readonly HashSet<int> _changedBlocks = [];
    private readonly HashSet<int> _damaged = [];
    private SegmentTableEntry[] _entries = [];

    public SegmentTable(IBlockDevice device, DeviceGeometry geometry, bool inline)
    {
        _device = device;
        _geometry = geometry;
        _writes = new CoalescedAction(WriteChangedAsync, inline);
    }

    /// <summary>Places whose entry could not be read; writing one heals it.</summary>
    public IReadOnlyCollection<int> Damaged => _damaged;

    /// <summary>Reads the entries of all places up to <paramref name="placeCount"/>.</summary>
    public async ValueTask LoadAsync(int placeCount, CancellationToken cancellationToken)
    {
        _entries = new SegmentTableEntry[placeCount];
        using var block = AlignedMemoryPool.Shared.Rent(Limits.DeviceBlockBytes);
        for (var place = 0; place < placeCount;)
        {
            var inZone = place % _geometry.PlacesPerZone;
            await _device.ReadAsync(
                BlockOffset(place), block.Memory[..Limits.DeviceBlockBytes], cancellationToken);
            var count = Math.Min(
                EntriesPerBlock, Math.Min(_geometry.PlacesPerZone - inZone, placeCount - place));
            for (var i = 0; i < count; i++) Decode(block.GetSpan()[(i * SegmentTableEntry.SizeBytes)..], place + i);
            place += count;
        }
    }

    /// <summary>Makes room for the entries of places that the device has grown.</summary>
    public void Grow(int placeCount)
    {
        lock (_gate) Array.Resize(ref _entries, placeCount);
    }

    public SegmentTableEntry this[int place]
    {
        get { lock (_gate) return _entries[place]; }
    }

    /// <summary>Changes an entry in memory; the device gets it with the next write of its block.</summary>
    public void Set(int place, SegmentId segment, PlaceState state, SegmentKind kind)
    {
        lock (_gate)
        {
            _entries[place] = new SegmentTableEntry(segment, state, kind, _entries[place].Sequence + 1);
            _damaged.Remove(place);
        }
    }

    /// <summary>
    /// Writes the block that holds the entry of <paramref name="place"/>; durable with the next flush. Throws
    /// <see cref="FsException"/>.
    /// </summary>
    public Task WriteAsync(int place)
    {
        lock (_gate) _changedBlocks.Add(BlockOf(place));
        return _writes.RunAsync();
    }

    // A block is named by its first place.
    private int BlockOf(int place)
    {
        var inZone = place % _geometry.PlacesPerZone;
        return place - (inZone % EntriesPerBlock);
    }

    private long BlockOffset(int place) => _geometry.EntryOffset(BlockOf(place));

    private async ValueTask WriteChangedAsync()
    {
        using var image = AlignedMemoryPool.Shared.Rent(Limits.DeviceBlockBytes);
        while (TakeChanged(image.GetSpan()[..Limits.DeviceBlockBytes], out var block))
        {
            try
            {
                await _device.WriteAsync(_geometry.EntryOffset(block), image.Memory[..Limits.DeviceBlockBytes]);
            }
            catch (FsException)
            {
                lock (_gate) _changedBlocks.Add(block);
                throw;
            }
        }
    }

    private bool TakeChanged(Span<byte> image, out int block)
    {
        lock (_gate)
        {
            block = -1;
            foreach (var changed in _changedBlocks)
            {
                if (block < 0 || changed < block) block = changed;   // an order that hangs on no hash code
            }

            if (block < 0) return false;
            _changedBlocks.Remove(block);
            image.Clear();
            var inZone = block % _geometry.PlacesPerZone;
            var count = Math.Min(
                EntriesPerBlock, Math.Min(_geometry.PlacesPerZone - inZone, _entries.Length - block));
            for (var i = 0; i < count; i++)
            {
                var entry = _entries[block + i];
                if (entry != default) entry.Write(image[(i * SegmentTableEntry.SizeBytes)..], block + i);
            }

            return true;
        }
    }

    private void Decode(ReadOnlySpan<byte> source, int place)
    {
        if (SegmentTableEntry.TryRead(source, place, out _entries[place])) return;
        SegmentTableEntry.CheckVersion(source, _device.Name, _geometry.EntryOffset(place));
        _damaged.Add(place);
    }
}
