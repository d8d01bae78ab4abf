using System.Globalization;
using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>
/// A moment of the hybrid logical clock: nanoseconds since 1970-01-01 UTC, raised to at least one above every stamp
/// that led to it. File times are stamps.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.stamp")]
public readonly record struct Stamp(long Nanoseconds) : IComparable<Stamp>
{
    public static Stamp Zero => default;

    /// <summary>The later of this stamp's successor and <paramref name="clock"/>.</summary>
    public Stamp After(Stamp clock) => clock.Nanoseconds > Nanoseconds ? clock : new(checked(Nanoseconds + 1));

    /// <summary>The clock's reading as a stamp.</summary>
    public static Stamp Of(DateTimeOffset time) =>
        new(checked((time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * TimeSpan.NanosecondsPerTick));

    public int CompareTo(Stamp other) => Nanoseconds.CompareTo(other.Nanoseconds);

    public static bool operator <(Stamp left, Stamp right) => left.Nanoseconds < right.Nanoseconds;
    public static bool operator >(Stamp left, Stamp right) => left.Nanoseconds > right.Nanoseconds;
    public static bool operator <=(Stamp left, Stamp right) => left.Nanoseconds <= right.Nanoseconds;
    public static bool operator >=(Stamp left, Stamp right) => left.Nanoseconds >= right.Nanoseconds;

    public override string ToString() => Nanoseconds.ToString(CultureInfo.InvariantCulture);
}
