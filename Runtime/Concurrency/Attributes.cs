using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans.Concurrency
{
    /// <summary>Calls of this grain class may interleave at every await.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ReentrantAttribute : Attribute;

    /// <summary>A static method <c>bool name(IInvokable)</c> of the class says which calls may interleave.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class MayInterleaveAttribute(string callbackMethodName) : Attribute
    {
        internal string CallbackMethodName { get; } = callbackMethodName;
    }

    /// <summary>Several activations of one grain may work side by side on a silo.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class StatelessWorkerAttribute : PlacementAttribute
    {
        /// <summary>As many as there are processors.</summary>
        public StatelessWorkerAttribute()
            : this(Environment.ProcessorCount)
        {
        }

        /// <summary>At most <paramref name="maxLocalWorkers"/>.</summary>
        public StatelessWorkerAttribute(int maxLocalWorkers)
            : base(new RandomPlacement()) => MaxLocalWorkers = maxLocalWorkers;

        internal int MaxLocalWorkers { get; }
    }

    /// <summary>This method may always interleave.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class AlwaysInterleaveAttribute : Attribute;

    /// <summary>This method does not change the grain: it may interleave with others of the kind.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ReadOnlyAttribute : Attribute;

    /// <summary>The caller does not wait for this method and learns nothing of its end.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class OneWayAttribute : Attribute;

    /// <summary>The order of these calls does not matter.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class UnorderedAttribute : Attribute;

    /// <summary>A value that nobody changes any more, so that it is not copied.</summary>
    /// <typeparam name="T">The value's type.</typeparam>
    public readonly struct Immutable<T> : IEquatable<Immutable<T>>
    {
        /// <summary>The value.</summary>
        public readonly T Value;

        /// <summary>Marks a value.</summary>
        public Immutable(T value) => Value = value;

        /// <summary>Compares values.</summary>
        public static bool operator ==(Immutable<T> left, Immutable<T> right) => left.Equals(right);

        /// <summary>Compares values.</summary>
        public static bool operator !=(Immutable<T> left, Immutable<T> right) => !left.Equals(right);

        /// <inheritdoc/>
        public bool Equals(Immutable<T> other) => EqualityComparer<T>.Default.Equals(Value, other.Value);

        /// <inheritdoc/>
        public override bool Equals(object? obj) => obj is Immutable<T> other && Equals(other);

        /// <inheritdoc/>
        public override int GetHashCode() => Value is null ? 0 : EqualityComparer<T>.Default.GetHashCode(Value);
    }

    /// <summary>Marks values.</summary>
    public static class ImmutableExtensions
    {
        /// <summary>Marks a value as never changing.</summary>
        public static Immutable<T> AsImmutable<T>(this T value) => new(value);
    }
}

namespace Orleans
{
    /// <summary>The name of a grain class, instead of the one made of its type's name.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class GrainTypeAttribute : Attribute
    {
        private readonly string _name;

        /// <summary>Takes the name.</summary>
        public GrainTypeAttribute(string grainType) => _name = grainType;

        /// <summary>The name.</summary>
        public GrainType GetGrainType(IServiceProvider services, Type type) => GrainType.Create(_name);
    }

    /// <summary>How long calls of a method, or of an interface, may take: <c>hh:mm:ss</c>.</summary>
    [AttributeUsage(AttributeTargets.Method | AttributeTargets.Interface)]
    public sealed class ResponseTimeoutAttribute(string timeout) : Attribute
    {
        /// <summary>The time.</summary>
        public TimeSpan? Timeout { get; } = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>How long a grain of this class stays without calls.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public class CollectionAgeLimitAttribute : Attribute
    {
        /// <summary>Days.</summary>
        public double Days { get; set; }

        /// <summary>Hours.</summary>
        public double Hours { get; set; }

        /// <summary>Minutes.</summary>
        public double Minutes { get; set; }

        /// <summary>Never collected.</summary>
        public bool AlwaysActive { get; set; }

        internal TimeSpan Amount
            => AlwaysActive
                ? TimeSpan.MaxValue
                : TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes);
    }
}
