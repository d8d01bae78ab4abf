using Orleans;
using Orleans.CodeGeneration;
using Orleans.Runtime;

namespace OrleansCodeGen.Support;

/// <summary>A method of a grain interface, as the generator describes it.</summary>
public sealed class GrainMethod
{
    /// <summary>Describes a method.</summary>
    public GrainMethod(
        uint id, string name, InvokeMethodOptions options, long timeoutTicks, Func<GrainRequest> create)
    {
        Id = id;
        Name = name;
        Options = options;
        Timeout = timeoutTicks > 0 ? TimeSpan.FromTicks(timeoutTicks) : null;
        Create = create;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    internal uint Id { get; }

    internal InvokeMethodOptions Options { get; }

    internal TimeSpan? Timeout { get; }

    internal Func<GrainRequest> Create { get; }

    internal GrainInterface Interface { get; set; } = null!;

    internal bool IsOneWay => (Options & InvokeMethodOptions.OneWay) != 0;

    internal bool IsReadOnly => (Options & InvokeMethodOptions.ReadOnly) != 0;

    internal bool IsAlwaysInterleave => (Options & InvokeMethodOptions.AlwaysInterleave) != 0;

    /// <inheritdoc/>
    public override string ToString() => $"{Interface.Alias}.{Name}";
}

/// <summary>A grain or observer interface, as the generator describes it.</summary>
public sealed class GrainInterface
{
    /// <summary>Describes an interface.</summary>
    public GrainInterface(
        Type type, string alias, uint id, GrainMethod[] methods, Func<ReferenceBinding, GeneratedReference> bind)
    {
        Type = type;
        Alias = alias;
        Id = id;
        Methods = methods;
        Bind = bind;
        foreach (var method in methods)
        {
            method.Interface = this;
        }
    }

    internal Type Type { get; }

    internal string Alias { get; }

    internal uint Id { get; }

    internal GrainMethod[] Methods { get; }

    internal Func<ReferenceBinding, GeneratedReference> Bind { get; }

    internal bool IsObserver => typeof(IGrainObserver).IsAssignableFrom(Type);

    internal GrainMethod? FindMethod(uint id) => Array.Find(Methods, m => m.Id == id);
}

/// <summary>What a reference is bound to: the grain, the interface, the runtime.</summary>
public sealed class ReferenceBinding
{
    internal ReferenceBinding(Orleans.Scheduling.ActorSystem system, GrainInterface @interface, GrainId grainId)
    {
        System = system;
        Interface = @interface;
        GrainId = grainId;
    }

    internal Orleans.Scheduling.ActorSystem System { get; }

    internal GrainInterface Interface { get; }

    internal GrainId GrainId { get; }
}

/// <summary>The result of a method that has none.</summary>
public readonly struct Unit
{
    /// <summary>Waits for a task.</summary>
    public static ValueTask<Unit> From(Task task)
        => task.IsCompletedSuccessfully ? default : AwaitAsync(new ValueTask(task));

    /// <summary>Waits for a task.</summary>
    public static ValueTask<Unit> From(ValueTask task)
    {
        if (!task.IsCompletedSuccessfully)
        {
            return AwaitAsync(task);
        }

        task.GetAwaiter().GetResult();
        return default;
    }

    private static async ValueTask<Unit> AwaitAsync(ValueTask task)
    {
        await task;
        return default;
    }
}
