using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Who owns which shard: epochs, which only grow. Every append names the epochs of the shards it touches, and is
/// refused when one has moved. Thread-safe.
/// </summary>
public interface ICoordination
{
    /// <summary>
    /// Raises the epochs of all shards of this silo, durably: once at each start, before anything is served.
    /// </summary>
    ValueTask RaiseAllAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Raises one shard's epoch, durably: every append that names the old one is refused from then on.
    /// </summary>
    ValueTask<Epoch> RaiseAsync(ShardId shard, CancellationToken cancellationToken = default);

    /// <summary>The shard's epoch now.</summary>
    Epoch EpochOf(ShardId shard);
}
