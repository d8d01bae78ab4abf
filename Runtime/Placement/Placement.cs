using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Says by which rule a grain's silo is chosen.</summary>
    public abstract class PlacementStrategy;

    /// <summary>Any silo.</summary>
    public sealed class RandomPlacement : PlacementStrategy;

    /// <summary>The silo that the key's hash names.</summary>
    public sealed class HashBasedPlacement : PlacementStrategy;

    /// <summary>The caller's silo.</summary>
    public sealed class PreferLocalPlacement : PlacementStrategy;
}

namespace Orleans.Placement
{
    /// <summary>Base of attributes that name a grain class's placement.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public abstract class PlacementAttribute : Attribute
    {
        /// <summary>Takes the strategy.</summary>
        protected PlacementAttribute(PlacementStrategy placement) => PlacementStrategy = placement;

        /// <summary>The strategy.</summary>
        public PlacementStrategy PlacementStrategy { get; }
    }

    /// <summary>Any silo.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class RandomPlacementAttribute() : PlacementAttribute(new RandomPlacement());

    /// <summary>The silo that the key's hash names.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class HashBasedPlacementAttribute() : PlacementAttribute(new HashBasedPlacement());

    /// <summary>The caller's silo.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class PreferLocalPlacementAttribute() : PlacementAttribute(new PreferLocalPlacement());
}

namespace Orleans.Runtime.Placement
{
    /// <summary>Chooses silos for the grains of one strategy.</summary>
    public interface IPlacementDirector
    {
        /// <summary>The silo for a new activation.</summary>
        Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target,
            IPlacementContext context);
    }

    /// <summary>What a director can ask.</summary>
    public interface IPlacementContext
    {
        /// <summary>The silo that asks.</summary>
        SiloAddress LocalSilo { get; }

        /// <summary>The silos that can take the grain.</summary>
        SiloAddress[] GetCompatibleSilos(PlacementTarget target);
    }

    /// <summary>The grain to place.</summary>
    public readonly struct PlacementTarget
    {
        internal PlacementTarget(GrainId grainIdentity) => GrainIdentity = grainIdentity;

        /// <summary>Its id.</summary>
        public GrainId GrainIdentity { get; }
    }
}
