using Orleans.Scheduling;
using Orleans.Serialization.Invocation;

namespace OrleansCodeGen.Support;

/// <summary>A call that waits, travels or passes filters: method, arguments, and where the answer goes.</summary>
public abstract class GrainRequest : IInvokable
{
    /// <summary>The method.</summary>
    public GrainMethod Method { get; internal set; } = null!;

    internal ActorSystem System { get; set; } = null!;

    internal CallContext Context { get; set; } = null!;

    internal CancellationToken Cancellation { get; set; }

    internal ExecutionContext? Flow { get; set; }

    /// <summary>How often it met an activation that was going.</summary>
    internal int Forwards { get; set; }

    /// <summary>Whether incoming filters see it.</summary>
    internal virtual bool PassesFilters => true;

    /// <summary>Whether it counts as use of the grain.</summary>
    internal virtual bool KeepsAlive => true;

    /// <inheritdoc/>
    public abstract int GetArgumentCount();

    /// <inheritdoc/>
    public abstract object? GetArgument(int index);

    /// <inheritdoc/>
    public abstract void SetArgument(int index, object value);

    /// <inheritdoc/>
    public string GetMethodName() => Method.Name;

    /// <inheritdoc/>
    public string GetInterfaceName() => Method.Interface.Alias;

    /// <inheritdoc/>
    public Type GetInterfaceType() => Method.Interface.Type;

    /// <summary>Replaces the arguments that may change by copies.</summary>
    public abstract void CopyArguments();

    /// <summary>Writes the arguments as the fields of a group, without its end.</summary>
    public abstract void WriteArguments(WireWriter writer);

    /// <summary>Reads one argument; false: unknown.</summary>
    public abstract bool TryReadArgument(ref WireReader reader, uint wireId, WireType type);

    /// <summary>Gives the cancellation token of a call from elsewhere to the method.</summary>
    public abstract void SetCancellation(CancellationToken cancellation);

    internal abstract void Start(Activation activation);

    internal abstract void Refuse(Exception exception);

    internal abstract ValueTask<object?> InvokeObjectAsync(object grain);

    internal abstract void SetResultObject(object? result);

    internal abstract void BeginWaiting();

    internal abstract ValueTask WhenAnsweredAsync();

    internal abstract void WriteResult(WireWriter writer);

    internal abstract void ReadResult(ref WireReader reader);

    internal abstract void AnswerRead();
}
