using System.Globalization;
using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>
/// Number of an inode, 52 bits: the shard it was born in (bits 51-40) and a counter that is never reused (bits 39-0).
/// 52 bits survive doubles and overlayfs. 0 is no inode, 1 is the root (shard 0).
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.inodeid")]
public readonly record struct InodeId(ulong Value) : IComparable<InodeId>
{
    public const int CounterBits = 40;
    public const ulong CounterMax = (1UL << CounterBits) - 1;

    /// <summary>No inode: the answer to a negative lookup.</summary>
    public static InodeId None => default;

    /// <summary>The root directory.</summary>
    public static InodeId Root => new(1);

    public bool IsNone => Value == 0;

    /// <summary>The shard that owns this inode for ever.</summary>
    public ShardId Shard => new((ushort)(Value >> CounterBits));

    public ulong Counter => Value & CounterMax;

    /// <summary>
    /// Makes a number from its parts; <paramref name="counter"/> is at most <see cref="CounterMax"/>.
    /// </summary>
    public static InodeId Of(ShardId shard, ulong counter)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(counter, CounterMax);
        return new(((ulong)shard.Value << CounterBits) | counter);
    }

    public int CompareTo(InodeId other) => Value.CompareTo(other.Value);

    public static bool operator <(InodeId left, InodeId right) => left.Value < right.Value;
    public static bool operator >(InodeId left, InodeId right) => left.Value > right.Value;
    public static bool operator <=(InodeId left, InodeId right) => left.Value <= right.Value;
    public static bool operator >=(InodeId left, InodeId right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
