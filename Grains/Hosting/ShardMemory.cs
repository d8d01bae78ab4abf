using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Leases;
using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Storage;

namespace ClaudeFs.Grains.Hosting;

/// <summary>An owned shard and what goes with it and is no row.</summary>
internal sealed class ShardMemory(Shard shard)
{
    public Shard Shard => shard;

    public IntentTable Intents => shard.Intents;

    public LeaseTable Leases => shard.Leases;

    public QuotaSlices Slices { get; } = new();
}
