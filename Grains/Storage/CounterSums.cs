using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Sums of all counters over the shards, pending changes included, so that usage is known without asking. Thread-safe.
/// </summary>
internal sealed class CounterSums
{
    private readonly Lock _lock = new();
    private readonly Dictionary<CounterKey, Usage> _sums = [];
    private readonly long[] _inodes = new long[ShardId.Count];

    public Usage Find(CounterKey counter)
    {
        lock (_lock)
        {
            return _sums.GetValueOrDefault(counter);
        }
    }

    /// <summary>Inodes that users own in one shard.</summary>
    public long InodesOf(ShardId shard) => Volatile.Read(ref _inodes[shard.Value]);

    public void Add(ShardId shard, CounterKey counter, long bytes, long inodes)
    {
        lock (_lock)
        {
            AddLocked(counter, bytes, inodes);
            if (counter.Kind != CounterKind.User) return;
            AddLocked(CounterKey.Total, bytes, inodes);
            _inodes[shard.Value] += inodes;
        }
    }

    private void AddLocked(CounterKey counter, long bytes, long inodes)
    {
        var before = _sums.GetValueOrDefault(counter);
        _sums[counter] = new(before.Bytes + bytes, before.Inodes + inodes);
    }
}
