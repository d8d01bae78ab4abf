using System.Collections.Concurrent;
using Orleans.Catalogs;
using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <summary>Makes references; those with a number as key are kept for the next who asks.</summary>
internal sealed class GrainFactory : IClusterClient
{
    private readonly ActorSystem _system;
    private readonly ConcurrentDictionary<(Type Type, string? Prefix),
        (GrainInterface Interface, GrainType Kind)> _kinds = new();
    private readonly ConcurrentDictionary<(IGrainObserver Observer, Type Type), GrainId> _observers =
        new(ObserverComparer.Instance);

    private readonly Cached?[] _cache = new Cached?[RuntimeLimits.ReferenceCacheSlots];
    private long _lastObserver;

    internal GrainFactory(ActorSystem system) => _system = system;

    public IServiceProvider ServiceProvider => _system.Services;

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey
    {
        if (grainClassNamePrefix is not null)
        {
            return (TGrainInterface)(object)Create(
                typeof(TGrainInterface), GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);
        }

        var slot = (uint)(((ulong)primaryKey * 0x9E37_79B9_7F4A_7C15) >> 40) % RuntimeLimits.ReferenceCacheSlots;
        if (Volatile.Read(ref _cache[slot]) is { } cached && cached.Key == primaryKey
            && cached.Reference is TGrainInterface known && cached.Type == typeof(TGrainInterface))
        {
            return known;
        }

        var made = Create(typeof(TGrainInterface), GrainIdKeyExtensions.CreateIntegerKey(primaryKey), null);
        Volatile.Write(ref _cache[slot], new Cached(primaryKey, typeof(TGrainInterface), made));
        return (TGrainInterface)(object)made;
    }

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey
        => (TGrainInterface)(object)Create(
            typeof(TGrainInterface), GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
        => (TGrainInterface)(object)Create(typeof(TGrainInterface), IdSpan.Create(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(
        Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey
        => (TGrainInterface)(object)Create(
            typeof(TGrainInterface), GrainIdKeyExtensions.CreateGuidKey(primaryKey, keyExtension),
                grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(
        long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey
        => (TGrainInterface)(object)Create(
            typeof(TGrainInterface), GrainIdKeyExtensions.CreateIntegerKey(primaryKey, keyExtension),
                grainClassNamePrefix);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey)
        => (IGrain)Create(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey)
        => (IGrain)Create(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey)
        => (IGrain)Create(grainInterfaceType, IdSpan.Create(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension)
        => (IGrain)Create(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey, keyExtension), null);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension)
        => (IGrain)Create(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey, keyExtension),
            null);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable
        => (TGrainInterface)CreateReference(typeof(TGrainInterface), grainId);

    public IAddressable GetGrain(GrainId grainId)
        => _system.Types.TryResolve(grainId, out var kind, out var resolved)
            ? CreateUntyped(resolved, kind)
            : throw new ArgumentException($"No grain class here is called {grainId.Type}", nameof(grainId));

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType)
        => _system.Types.FindInterface(interfaceType.ToString()) is { } found
            ? Bind(found, grainId)
            : throw new ArgumentException($"No interface here is called {interfaceType}", nameof(interfaceType));

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is GrainReference || obj is IGrainBase)
        {
            throw new ArgumentException("A grain or a reference cannot be an observer object", nameof(obj));
        }

        var id = _observers.GetOrAdd((obj, typeof(TGrainObserverInterface)), key =>
        {
            var made = ClientIds.Create(_system.Remote.ProcessName, Interlocked.Increment(ref _lastObserver));
            _system.Catalog.AddObserver(made, key.Observer);
            return made;
        });
        return (TGrainObserverInterface)CreateReference(typeof(TGrainObserverInterface), id);
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        if (obj is GrainReference reference)
        {
            _system.Catalog.RemoveObserver(reference.GrainId);
            foreach (var (key, id) in _observers)
            {
                if (id == reference.GrainId)
                {
                    _observers.TryRemove(key, out _);
                }
            }
        }
        else if (_observers.TryRemove((obj, typeof(TGrainObserverInterface)), out var id))
        {
            _system.Catalog.RemoveObserver(id);
        }
    }

    internal object CreateReference(Type interfaceType, GrainId grainId)
        => Bind(_system.Types.Interface(interfaceType), grainId);

    internal GrainReference CreateUntyped(GrainId grainId, GrainClass kind)
        => _system.Types.AnyInterfaceOf(kind) is { } known
            ? Bind(known, grainId)
            : throw new InvalidOperationException($"{kind.Type} has no grain interface");

    private GeneratedReference Create(Type interfaceType, IdSpan key, string? prefix)
    {
        var (known, kind) = _kinds.GetOrAdd(
            (interfaceType, prefix),
            static (k, system) => (system.Types.Interface(k.Type), system.Types.KindFor(k.Type, k.Prefix)),
            _system);
        return Bind(known, new GrainId(kind, key));
    }

    private GeneratedReference Bind(GrainInterface known, GrainId grainId)
        => known.Bind(new ReferenceBinding(_system, known, grainId));

    private sealed record Cached(long Key, Type Type, object Reference);

    /// <summary>Observers are told apart by identity, whatever they think of equality.</summary>
    private sealed class ObserverComparer : IEqualityComparer<(IGrainObserver Observer, Type Type)>
    {
        internal static readonly ObserverComparer Instance = new();

        public bool Equals((IGrainObserver Observer, Type Type) x, (IGrainObserver Observer, Type Type) y)
            => ReferenceEquals(x.Observer, y.Observer) && x.Type == y.Type;

        public int GetHashCode((IGrainObserver Observer, Type Type) obj)
            => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(obj.Observer);
    }
}
