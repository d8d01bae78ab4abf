using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>The shards that this silo owns; a shard is loaded when it is first asked for. Thread-safe.</summary>
public sealed class ShardMap
{
    private readonly Lock _lock = new();
    private readonly Shard?[] _shards = new Shard?[ShardId.Count];
    private readonly MetadataStore _store;
    private readonly CleanBudget _budget;

    internal ShardMap(MetadataStore store, CleanBudget budget)
    {
        _store = store;
        _budget = budget;
    }

    /// <summary>The shard with this number.</summary>
    public Shard this[ShardId id] => Volatile.Read(ref _shards[id.Value]) ?? Load(id);

    /// <summary>The shard that an inode lives in.</summary>
    public Shard Of(InodeId inode) => this[inode.Shard];

    /// <summary>Those that have been asked for so far, by number.</summary>
    public IEnumerable<Shard> Loaded
    {
        get
        {
            for (var i = 0; i < _shards.Length; i++)
            {
                if (Volatile.Read(ref _shards[i]) is { } shard) yield return shard;
            }
        }
    }

    private Shard Load(ShardId id)
    {
        lock (_lock)
        {
            return _shards[id.Value] ??= new(id, _store.Coordination.EpochOf(id), _store, _budget);
        }
    }
}
