using System.Reflection;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>A grain factory over a <see cref="FakeCluster"/>; references to observers are the observers.</summary>
public class FakeFactory : DispatchProxy
{
    private object _cluster = null!;

    internal static IGrainFactory For(FakeCluster cluster)
    {
        var factory = Create<IGrainFactory, FakeFactory>();
        ((FakeFactory)(object)factory)._cluster = cluster;
        return factory;
    }

    /// <inheritdoc />
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => targetMethod!.Name switch
    {
        nameof(IGrainFactory.GetGrain) =>
            ((FakeCluster)_cluster).GetGrain(targetMethod.GetGenericArguments()[0], args![0]!),
        nameof(IGrainFactory.CreateObjectReference) => args![0],
        nameof(IGrainFactory.DeleteObjectReference) => null,
        _ => throw new NotSupportedException(targetMethod.Name),
    };
}
