using ClaudeFs.Primitives;

namespace ClaudeFs.Grains;

/// <summary>When a mutation's answer may leave.</summary>
public enum AckMode
{
    /// <summary>When the operation and everything it read is committed.</summary>
    Commit = 0,

    /// <summary>When it is applied in memory; the client repeats it to the next owner after a failover.</summary>
    Applied = 1,
}

/// <summary>What every mutation carries.</summary>
/// <param name="Id">Names it for retries.</param>
/// <param name="AcknowledgedBelow">The client has all answers of this session and shard below this number.</param>
/// <param name="Caller">On whose behalf.</param>
/// <param name="Ack">When to answer.</param>
[GenerateSerializer, Immutable, Alias("fs.op")]
public readonly record struct OperationContext(OperationId Id, ulong AcknowledgedBelow, Caller Caller, AckMode Ack)
{
    /// <summary>
    /// The latest time that the client has shown for a change of its own: the stamp of this one is above it. Zero when
    /// it has shown none.
    /// </summary>
    [Id(4)]
    public Stamp Seen { get; init; }
}
