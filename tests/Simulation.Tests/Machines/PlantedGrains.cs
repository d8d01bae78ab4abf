using System.Reflection;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>A client's grain factory with a mistake between the client and the grains.</summary>
public class PlantedGrains : DispatchProxy
{
    private IGrainFactory _inner = null!;
    private PlantedFault _planted;

    /// <summary>The factory as the client sees it.</summary>
    internal static IGrainFactory For(IGrainFactory grains, PlantedFault planted)
    {
        if (planted is not (PlantedFault.RecallIsIgnored or PlantedFault.RetryIsDoneAgain)) return grains;
        var factory = Create<IGrainFactory, PlantedGrains>();
        var proxy = (PlantedGrains)(object)factory;
        (proxy._inner, proxy._planted) = (grains, planted);
        return factory;
    }

    /// <inheritdoc />
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        ArgumentNullException.ThrowIfNull(targetMethod);
        ArgumentNullException.ThrowIfNull(args);
        if (_planted == PlantedFault.RecallIsIgnored && args is [ILeaseHolder, ..]
            && targetMethod.Name == nameof(IGrainFactory.CreateObjectReference)) args[0] = new DeafHolder();
        var result = targetMethod.Invoke(_inner, args);
        return _planted == PlantedFault.RetryIsDoneAgain && result is IDirectoryGrain grain
            ? ForgetfulGrain.For(grain)
            : result;
    }

    private sealed class DeafHolder : ILeaseHolder
    {
        public ValueTask<LeaseReturn> RecallAsync(LeaseRecall recall) => new(new LeaseReturn(LeaseMode.None, false));
    }
}

/// <summary>A grain that is told no numbers of operations, by which it would know them again.</summary>
public class ForgetfulGrain : DispatchProxy
{
    private IDirectoryGrain _inner = null!;

    internal static IDirectoryGrain For(IDirectoryGrain grain)
    {
        var proxy = Create<IDirectoryGrain, ForgetfulGrain>();
        ((ForgetfulGrain)(object)proxy)._inner = grain;
        return proxy;
    }

    /// <inheritdoc />
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        ArgumentNullException.ThrowIfNull(targetMethod);
        if (args is [OperationContext op, ..]) args[0] = op with { Id = op.Id with { Number = 0 } };
        return targetMethod.Invoke(_inner, args);
    }
}
