using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>
/// Names one mutation for ever: a session's <paramref name="Number"/>-th in a shard, counted densely from 1. A retry
/// carries the same id and gets the first answer. Number 0: an operation of the system that is never retried.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.opid")]
public readonly record struct OperationId(SessionId Session, ShardId Shard, ulong Number)
{
    public override string ToString() => $"{Session}/{Shard}/{Number}";
}
