using Orleans.Runtime;

namespace Orleans;

/// <summary>The activation whose grain object is being created on this thread.</summary>
internal static class ActivationScope
{
    [ThreadStatic]
    private static IGrainContext? t_current;

    internal static IGrainContext Current
        => t_current ?? throw new InvalidOperationException(
            "A grain is created by the runtime: ask the grain factory for it");

    internal static IGrainContext? TryGet() => t_current;

    internal static IGrainContext? Set(IGrainContext? context)
    {
        var before = t_current;
        t_current = context;
        return before;
    }
}
