using Microsoft.Extensions.DependencyInjection;
using Orleans.Catalogs;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.Scheduling;

namespace Orleans.Placement;

/// <summary>Asks the directors that were added; the built-in strategies name the only silo there is.</summary>
internal sealed class PlacementService(ActorSystem system) : IPlacementContext
{
    public SiloAddress LocalSilo => system.SiloAddress;

    public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => [system.SiloAddress];

    /// <summary>Whether a director has a say about grains of this class.</summary>
    internal bool IsAsked(GrainClass kind) => kind.Placement is { } strategy && DirectorOf(strategy) is not null;

    /// <summary>The silo for a new activation.</summary>
    internal Task<SiloAddress> PlaceAsync(GrainId grainId, GrainClass kind)
        => DirectorOf(kind.Placement!)!.OnAddActivation(kind.Placement!, new PlacementTarget(grainId), this);

    private IPlacementDirector? DirectorOf(PlacementStrategy strategy)
        => system.Services.GetKeyedService<IPlacementDirector>(strategy.GetType());
}
