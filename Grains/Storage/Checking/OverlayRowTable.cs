using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// Tables that leave those below them as they are: what is applied stays in memory. So a log can be replayed to look
/// at the result. Thread-safe like what is below.
/// </summary>
internal sealed class OverlayRowTable(IRowTable below) : IRowTable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(int Shard, RowKind Kind, long Owner, long Item), Row?> _rows = [];
    private readonly Dictionary<ShardId, ulong> _sequences = [];
    private TableCheckpoint? _checkpoint;

    public string Name => below.Name;

    public TableCheckpoint Checkpoint
    {
        get
        {
            lock (_lock)
            {
                return _checkpoint ?? below.Checkpoint;
            }
        }
    }

    public Row? Find(ShardId shard, RowKey key)
    {
        lock (_lock)
        {
            if (_rows.TryGetValue(Place(shard, key), out var row)) return row;
        }

        return below.Find(shard, key);
    }

    public int Scan(ShardId shard, RowKind kind, long owner, long after, Span<Row> into)
    {
        List<Row?> changed;
        lock (_lock)
        {
            changed = [.. _rows.Where(pair => pair.Key.Shard == shard.Value && pair.Key.Kind == kind
                && pair.Key.Owner == owner && pair.Key.Item > after).Select(pair => pair.Value)];
        }

        var merged = new SortedDictionary<long, Row>();
        var page = new Row[StoreLimits.ScanRows];
        for (var count = page.Length; count == page.Length && merged.Count < into.Length;)
        {
            count = below.Scan(shard, kind, owner, after, page);
            foreach (var row in page.AsSpan(0, count))
            {
                after = row.Key.Item;
                if (Find(shard, row.Key) is { } present) merged[after] = present;
            }

            // Beyond what was read, rows below may still come between.
            var end = count == page.Length ? after : long.MaxValue;
            foreach (var row in changed)
            {
                if (row is not null && row.Key.Item <= end) merged[row.Key.Item] = row;
            }
        }

        var filled = Math.Min(into.Length, merged.Count);
        merged.Values.Take(filled).ToArray().CopyTo(into);
        return filled;
    }

    public IEnumerable<Row> ReadShard(RowKind kind, ShardId shard, bool isDescending) =>
        throw new InvariantException("Reads of damaged tables go to the tables themselves");

    public IEnumerable<KeyValuePair<ShardId, Row>> ReadAll(RowKind kind) => ReadOver(below.ReadAll(kind), kind);

    /// <summary>All rows of a kind, where <paramref name="rows"/> are those of the tables below.</summary>
    public IEnumerable<KeyValuePair<ShardId, Row>> ReadOver(
        IEnumerable<KeyValuePair<ShardId, Row>> rows, RowKind kind)
    {
        foreach (var (shard, row) in rows)
        {
            bool isChanged;
            lock (_lock)
            {
                isChanged = _rows.ContainsKey(Place(shard, row.Key));
            }

            if (!isChanged) yield return new(shard, row);
        }

        List<KeyValuePair<ShardId, Row>> changed = [];
        lock (_lock)
        {
            foreach (var (place, row) in _rows)
            {
                if (place.Kind == kind && row is not null) changed.Add(new(new((ushort)place.Shard), row));
            }
        }

        foreach (var pair in changed) yield return pair;
    }

    public ulong FindSequence(ShardId shard)
    {
        lock (_lock)
        {
            if (_sequences.TryGetValue(shard, out var sequence)) return sequence;
        }

        return below.FindSequence(shard);
    }

    public IReadOnlyCollection<KeyValuePair<ShardId, ulong>> ReadSequences()
    {
        lock (_lock)
        {
            var all = below.ReadSequences().ToDictionary();
            foreach (var (shard, sequence) in _sequences) all[shard] = sequence;
            return [.. all.OrderBy(pair => pair.Key)];
        }
    }

    public byte[]? FindSetting(string name) => below.FindSetting(name);

    public void SetSetting(string name, ReadOnlySpan<byte> value) =>
        throw new InvariantException("A checker changes no settings");

    public void Apply(TableChanges changes)
    {
        lock (_lock)
        {
            foreach (var change in changes.Rows) _rows[Place(change.Shard, change.Key)] = change.Row;
            foreach (var (shard, sequence) in changes.Sequences) _sequences[shard] = sequence;
            _checkpoint = changes.Checkpoint;
        }
    }

    public void MakeDurable()
    {
        // Nothing here outlives the check.
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static (int Shard, RowKind Kind, long Owner, long Item) Place(ShardId shard, in RowKey key) =>
        (shard.Value, key.Kind, key.Owner, key.Item);
}
