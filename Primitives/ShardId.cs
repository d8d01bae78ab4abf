using System.Globalization;
using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>Number of a metadata shard, 0 to <see cref="Count"/> - 1.</summary>
[GenerateSerializer, Immutable, Alias("fs.shardid")]
public readonly record struct ShardId(ushort Value) : IComparable<ShardId>
{
    /// <summary>Shards of a file system, fixed for ever: 12 bits of an inode number.</summary>
    public const int Count = 4096;

    public int CompareTo(ShardId other) => Value.CompareTo(other.Value);

    public static bool operator <(ShardId left, ShardId right) => left.Value < right.Value;
    public static bool operator >(ShardId left, ShardId right) => left.Value > right.Value;
    public static bool operator <=(ShardId left, ShardId right) => left.Value <= right.Value;
    public static bool operator >=(ShardId left, ShardId right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
