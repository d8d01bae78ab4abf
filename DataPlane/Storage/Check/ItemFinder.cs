using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Check;

/// <summary>An item that a rebuild of the index looks for.</summary>
internal sealed class WantedItem
{
    public uint StoredBytes { get; init; }

    public uint Checksum { get; init; }

    /// <summary>References at the cursor.</summary>
    public int Count { get; set; }

    /// <summary>References of all that is committed.</summary>
    public int FinalCount { get; set; }

    /// <summary>Copies that compaction may have made, by place and where they lie; null for none.</summary>
    public List<(int Place, ChunkLocation Host)>? Candidates { get; set; }

    /// <summary>The place where its bytes lie; -1 when they were not found.</summary>
    public int Place { get; set; } = -1;

    /// <summary>Where it lies if that is not where it was put.</summary>
    public ChunkLocation Host { get; set; }
}

/// <summary>Recognises items by length and checksum in a segment without a directory.</summary>
internal sealed class ItemFinder
{
    private readonly Dictionary<(uint StoredBytes, uint Checksum), List<ChunkLocation>> _byContent = [];
    private readonly SortedSet<uint>[] _lengths;   // by the number of blocks that an item takes

    public ItemFinder(IReadOnlyDictionary<ChunkLocation, WantedItem> wanted)
    {
        _lengths = new SortedSet<uint>[BlocksOf(Limits.StoredItemBytesMax) + 1];
        for (var i = 0; i < _lengths.Length; i++) _lengths[i] = [];
        foreach (var (location, item) in wanted)
        {
            _lengths[BlocksOf(item.StoredBytes)].Add(item.StoredBytes);
            var key = (item.StoredBytes, item.Checksum);
            if (!_byContent.TryGetValue(key, out var locations)) _byContent.Add(key, locations = []);
            locations.Add(location);
        }
    }

    /// <summary>Every wanted item whose bytes begin at a block of <paramref name="segment"/>, with its slot.</summary>
    public List<(ChunkLocation Location, uint Slot)> Find(ReadOnlySpan<byte> segment)
    {
        var found = new List<(ChunkLocation, uint)>();
        for (var offset = 0; offset < segment.Length; offset += Limits.DeviceBlockBytes)
        {
            FindAt(segment[offset..], (uint)(offset / ChunkLocation.SlotBytes), found);
        }

        return found;
    }

    // One pass over the longest item that could begin here; what follows an item in its last block is zeros.
    private void FindAt(ReadOnlySpan<byte> rest, uint slot, List<(ChunkLocation, uint)> found)
    {
        var crc = 0u;
        for (var blocks = 1; blocks < _lengths.Length && blocks * Limits.DeviceBlockBytes <= rest.Length; blocks++)
        {
            var start = (blocks - 1) * Limits.DeviceBlockBytes;
            var block = rest.Slice(start, Limits.DeviceBlockBytes);
            var least = (uint)(start + Math.Max(0, block.LastIndexOfAnyExcept((byte)0)) + 1);
            var (partial, partialBytes) = (crc, start);
            foreach (var length in _lengths[blocks].GetViewBetween(least, (uint)(start + block.Length)))
            {
                partial = Crc32c.Append(partial, rest[partialBytes..(int)length]);
                partialBytes = (int)length;
                if (!_byContent.TryGetValue((length, partial), out var locations)) continue;
                foreach (var location in locations) found.Add((location, slot));
            }

            crc = Crc32c.Append(crc, block);
        }
    }

    private static int BlocksOf(uint bytes) => (int)((bytes + Limits.DeviceBlockBytes - 1) / Limits.DeviceBlockBytes);
}
