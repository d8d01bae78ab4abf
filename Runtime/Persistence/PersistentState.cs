using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A grain's state over a store; read before the grain's own activation code runs.</summary>
internal sealed class PersistentState<TState>(IGrainContext context, string name, IGrainStorage storage)
    : IPersistentState<TState>
{
    private readonly GrainState<TState> _state = new(Fresh());

    public TState State
    {
        get => _state.State;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public Task ReadStateAsync() => storage.ReadStateAsync(name, context.GrainId, _state);

    public Task WriteStateAsync() => storage.WriteStateAsync(name, context.GrainId, _state);

    public async Task ClearStateAsync()
    {
        await storage.ClearStateAsync(name, context.GrainId, _state);
        _state.State = Fresh();
    }

    internal static TState Fresh()
        => typeof(TState).IsValueType || typeof(TState).GetConstructor(Type.EmptyTypes) is null
            ? default!
            : Activator.CreateInstance<TState>();
}

/// <summary>Finds the store that an attribute names, and subscribes the read to the activation.</summary>
internal sealed class PersistentStateFactory : IPersistentStateFactory
{
    public IPersistentState<TState> Create<TState>(IGrainContext context, PersistentStateAttribute attribute)
    {
        var storageName = attribute.StorageName ?? Providers.ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME;
        var storage = context.ActivationServices.GetKeyedService<IGrainStorage>(storageName)
            ?? throw new OrleansConfigurationException(
                $"{context.GrainId} keeps '{attribute.StateName}' in the storage '{storageName}', which was not added");
        var state = new PersistentState<TState>(context, attribute.StateName, storage);
        context.ObservableLifecycle.Subscribe(
            "State " + attribute.StateName, GrainLifecycleStage.SetupState, _ => state.ReadStateAsync());
        return state;
    }
}
