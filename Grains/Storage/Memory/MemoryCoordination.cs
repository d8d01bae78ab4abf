using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Memory;

/// <summary>Epochs in memory: for simulations, where the object outlives the silo that uses it. Thread-safe.</summary>
public sealed class MemoryCoordination : ICoordination
{
    private readonly Lock _lock = new();
    private readonly ulong[] _epochs = new ulong[ShardId.Count];

    /// <inheritdoc />
    public ValueTask RaiseAllAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            var highest = _epochs.Max();
            Array.Fill(_epochs, highest + 1);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask<Epoch> RaiseAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return new(new Epoch(++_epochs[shard.Value]));
        }
    }

    /// <inheritdoc />
    public Epoch EpochOf(ShardId shard) => new(Volatile.Read(ref _epochs[shard.Value]));
}
