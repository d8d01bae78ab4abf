using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Catalogs;

/// <summary>A grain class and what its attributes say.</summary>
internal sealed class GrainClass
{
    private readonly ObjectFactory? _create;
    private readonly StateParameter[] _states = [];
    private readonly Func<Orleans.Serialization.Invocation.IInvokable, bool>? _mayInterleave;

    private GrainClass(Type? type, GrainType grainType)
    {
        Type = type;
        GrainType = grainType;
    }

    internal GrainClass(Type type)
        : this(type, NameOf(type))
    {
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        WorkersMax = type.GetCustomAttribute<StatelessWorkerAttribute>()?.MaxLocalWorkers ?? 0;
        AgeLimit = type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.Amount;
        Placement = type.GetCustomAttribute<PlacementAttribute>()?.PlacementStrategy;
        IsFilter = typeof(IIncomingGrainCallFilter).IsAssignableFrom(type);
        _states = [.. StateParametersOf(type)];
        _create = ActivatorUtilities.CreateFactory(type, [.. _states.Select(static s => s.Type)]);
        if (type.GetCustomAttribute<MayInterleaveAttribute>() is { } mayInterleave)
        {
            var method = type.GetMethod(
                mayInterleave.CallbackMethodName,
                BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic,
                [typeof(Orleans.Serialization.Invocation.IInvokable)]);
            if (method?.ReturnType != typeof(bool))
            {
                throw new OrleansConfigurationException(
                    $"{type} names {mayInterleave.CallbackMethodName} in [MayInterleave]: "
                    + "there is no static bool method of this name with one IInvokable");
            }

            _mayInterleave = method.CreateDelegate<Func<Orleans.Serialization.Invocation.IInvokable, bool>>();
        }
    }

    /// <summary>The kind of objects outside of the grains that grains can call.</summary>
    internal static GrainClass Observer { get; } = new(null,
        GrainType.Create(ClientIds.TypeName)) { IsObserver = true };

    internal Type? Type { get; }

    internal GrainType GrainType { get; }

    internal bool IsReentrant { get; }

    internal bool IsObserver { get; private init; }

    /// <summary>How many activations of one grain may be here; 0: one, and it is the only one.</summary>
    internal int WorkersMax { get; }

    internal TimeSpan? AgeLimit { get; }

    internal PlacementStrategy? Placement { get; }

    /// <summary>Whether calls may run on the caller's thread without a request object.</summary>
    internal bool RunsInline => !IsObserver && !IsFilter && _mayInterleave is null;

    /// <summary>Whether the grain sees its own calls as a filter.</summary>
    internal bool IsFilter { get; }

    /// <summary>Makes the grain object; its persistent states subscribe to the activation's lifecycle.</summary>
    internal object Create(IGrainContext context)
    {
        if (_states.Length == 0)
        {
            return _create!(context.ActivationServices, null);
        }

        var factory = context.ActivationServices.GetRequiredService<IPersistentStateFactory>();
        var arguments = new object?[_states.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = _states[i].Create(factory, context);
        }

        return _create!(context.ActivationServices, arguments);
    }

    internal bool MayInterleave(GrainRequest request) => _mayInterleave is not null && _mayInterleave(request);

    private static IEnumerable<StateParameter> StateParametersOf(Type type)
    {
        var constructors = type.GetConstructors();
        foreach (var parameter in constructors.Length == 1 ? constructors[0].GetParameters() : [])
        {
            if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } attribute)
            {
                var create = typeof(IPersistentStateFactory).GetMethod(nameof(IPersistentStateFactory.Create))!
                    .MakeGenericMethod(parameter.ParameterType.GetGenericArguments());
                yield return new StateParameter(
                    parameter.ParameterType,
                    (factory, context) => create.Invoke(
                        factory, BindingFlags.DoNotWrapExceptions, null, [context, attribute], null)!);
            }
        }
    }

    private static GrainType NameOf(Type type)
    {
        if (type.GetCustomAttribute<GrainTypeAttribute>() is { } named)
        {
            return named.GetGrainType(null!, type);
        }

        var name = type.Name.ToLowerInvariant();
        return GrainType.Create(
            name.EndsWith("grain", StringComparison.Ordinal)
                && name.Length > "grain".Length ? name[..^"grain".Length] : name);
    }
}

/// <summary>A constructor parameter marked with a persistent state.</summary>
internal sealed record StateParameter(Type Type, Func<IPersistentStateFactory, IGrainContext, object> Create);

/// <summary>Ids of observers: the process that has them, and a number.</summary>
internal static class ClientIds
{
    internal const string TypeName = "sys.client";

    private static readonly GrainType s_type = GrainType.Create(TypeName);

    internal static bool IsObserver(GrainId id) => id.Type == s_type;

    internal static GrainId Create(string process, long number)
        => GrainId.Create(s_type, $"{process}+{number.ToString(System.Globalization.CultureInfo.InvariantCulture)}");

    /// <summary>The process that has the observer.</summary>
    internal static string ProcessOf(GrainId id)
    {
        var key = id.Key.ToString();
        var plus = key.LastIndexOf('+');
        return plus < 0 ? key : key[..plus];
    }
}
