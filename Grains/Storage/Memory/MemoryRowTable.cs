using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Memory;

/// <summary>
/// Tables in memory, for simulations: the rows outlive the store that disposes them, and <see cref="Crash"/> takes back
/// what was applied and not made durable. Thread-safe.
/// </summary>
public sealed class MemoryRowTable : IRowTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Place, Row> _rows = [];
    private readonly SortedSet<Place> _order = new(PlaceOrder.Instance);
    private readonly Dictionary<ShardId, ulong> _sequences = [];
    private readonly Dictionary<string, byte[]> _settings = [];
    private readonly List<Action> _undo = [];
    private TableCheckpoint _checkpoint = TableCheckpoint.Empty;

    /// <inheritdoc />
    public string Name => "memory";

    /// <summary>Called before each transaction; throws to make it fail.</summary>
    public Action<TableChanges>? Applying { get; set; }

    /// <summary>
    /// A planted mistake: <see cref="MakeDurable"/> does nothing. Tests that do not notice are worth nothing.
    /// </summary>
    public bool ForgetsDurability { get; set; }

    /// <summary>Rows held.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _rows.Count;
            }
        }
    }

    /// <inheritdoc />
    public TableCheckpoint Checkpoint
    {
        get
        {
            lock (_lock)
            {
                return _checkpoint;
            }
        }
    }

    /// <inheritdoc />
    public Row? Find(ShardId shard, RowKey key)
    {
        lock (_lock)
        {
            return _rows.GetValueOrDefault(new(shard, key));
        }
    }

    /// <inheritdoc />
    public int Scan(ShardId shard, RowKind kind, long owner, long after, Span<Row> into)
    {
        lock (_lock)
        {
            var count = 0;
            if (after == long.MaxValue) return 0;
            var first = new Place(shard, new(kind, owner, after + 1));
            var last = new Place(shard, new(kind, owner, long.MaxValue));
            foreach (var place in _order.GetViewBetween(first, last))
            {
                if (count == into.Length) break;
                into[count++] = _rows[place];
            }

            return count;
        }
    }

    /// <inheritdoc />
    public IEnumerable<KeyValuePair<ShardId, Row>> ReadAll(RowKind kind)
    {
        lock (_lock)
        {
            return
            [
                .. _order.Where(place => place.Key.Kind == kind)
                    .Select(place => KeyValuePair.Create(place.Shard, _rows[place])),
            ];
        }
    }

    /// <inheritdoc />
    public IEnumerable<Row> ReadShard(RowKind kind, ShardId shard, bool isDescending)
    {
        var rows = ReadAll(kind).Where(pair => pair.Key == shard).Select(pair => pair.Value);
        return isDescending ? rows.Reverse() : rows;
    }

    /// <inheritdoc />
    public ulong FindSequence(ShardId shard)
    {
        lock (_lock)
        {
            return _sequences.GetValueOrDefault(shard);
        }
    }

    /// <inheritdoc />
    public IReadOnlyCollection<KeyValuePair<ShardId, ulong>> ReadSequences()
    {
        lock (_lock)
        {
            return [.. _sequences.OrderBy(pair => pair.Key)];
        }
    }

    /// <inheritdoc />
    public byte[]? FindSetting(string name)
    {
        lock (_lock)
        {
            return _settings.GetValueOrDefault(name);
        }
    }

    /// <inheritdoc />
    public void SetSetting(string name, ReadOnlySpan<byte> value)
    {
        lock (_lock)
        {
            _settings[name] = value.ToArray();
        }
    }

    /// <inheritdoc />
    public void Apply(TableChanges changes)
    {
        Applying?.Invoke(changes);
        lock (_lock)
        {
            foreach (var change in changes.Rows) Apply(change);
            foreach (var (shard, sequence) in changes.Sequences)
            {
                var before = _sequences.GetValueOrDefault(shard);
                _undo.Add(() => _sequences[shard] = before);
                _sequences[shard] = sequence;
            }

            var checkpoint = _checkpoint;
            _undo.Add(() => _checkpoint = checkpoint);
            _checkpoint = changes.Checkpoint;
        }
    }

    /// <inheritdoc />
    public void MakeDurable()
    {
        lock (_lock)
        {
            if (!ForgetsDurability) _undo.Clear();
        }
    }

    /// <summary>As after a power cut: what was applied since the last MakeDurable is gone.</summary>
    public void Crash()
    {
        lock (_lock)
        {
            for (var i = _undo.Count - 1; i >= 0; i--) _undo[i]();
            _undo.Clear();
        }
    }

    /// <summary>Nothing: the rows stay for whoever opens them next.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Apply(in TableChange change)
    {
        var place = new Place(change.Shard, change.Key);
        var before = _rows.GetValueOrDefault(place);
        _undo.Add(() => Set(place, before));
        Set(place, change.Row);
    }

    private void Set(in Place place, Row? row)
    {
        if (row is null)
        {
            _rows.Remove(place);
            _order.Remove(place);
            return;
        }

        _rows[place] = row;
        _order.Add(place);
    }

    private readonly record struct Place(ShardId Shard, RowKey Key);

    private sealed class PlaceOrder : IComparer<Place>
    {
        public static readonly PlaceOrder Instance = new();

        public int Compare(Place left, Place right)
        {
            var order = left.Shard.CompareTo(right.Shard);
            if (order == 0) order = ((byte)left.Key.Kind).CompareTo((byte)right.Key.Kind);
            if (order == 0) order = left.Key.Owner.CompareTo(right.Key.Owner);
            return order == 0 ? left.Key.Item.CompareTo(right.Key.Item) : order;
        }
    }
}
