using System.Globalization;
using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>Monotonic number of a shard's ownership; the fencing token that every append carries.</summary>
[GenerateSerializer, Immutable, Alias("fs.epoch")]
public readonly record struct Epoch(ulong Value) : IComparable<Epoch>
{
    public Epoch Next() => new(checked(Value + 1));

    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);

    public static bool operator <(Epoch left, Epoch right) => left.Value < right.Value;
    public static bool operator >(Epoch left, Epoch right) => left.Value > right.Value;
    public static bool operator <=(Epoch left, Epoch right) => left.Value <= right.Value;
    public static bool operator >=(Epoch left, Epoch right) => left.Value >= right.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
