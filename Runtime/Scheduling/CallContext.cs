using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <summary>How a running call stands to others of its activation.</summary>
internal enum CallKind : byte
{
    /// <summary>Alone.</summary>
    Exclusive,

    /// <summary>Beside calls that change nothing.</summary>
    ReadOnly,

    /// <summary>Beside all.</summary>
    Free,
}

/// <summary>
/// One running call: the synchronization context of its code, so that every continuation comes back to the activation
/// and
/// knows its call. Links to the calling call: the chain.
/// </summary>
internal sealed class CallContext : SynchronizationContext
{
    internal CallContext(Activation? target, CallContext? parent, GrainMethod? method, long deadline,
        RequestValues? values)
    {
        Target = target;
        Parent = parent;
        Method = method;
        Deadline = deadline;
        Values = values;
        Depth = parent is null ? (short)1 : (short)(parent.Depth + 1);
    }

    /// <summary>The call that this thread is in.</summary>
    internal static new CallContext? Current => SynchronizationContext.Current as CallContext;

    internal Activation? Target { get; set; }

    internal CallContext? Parent { get; }

    internal GrainMethod? Method { get; }

    /// <summary>Timestamp of the clock after which the call must not start.</summary>
    internal long Deadline { get; }

    internal RequestValues? Values { get; set; }

    /// <summary>Set at the first call of a chain that came from elsewhere.</summary>
    internal RemoteOrigin? Origin { get; set; }

    internal short Depth { get; }

    internal CallKind Kind { get; set; }

    internal bool IsFinished { get; set; }

    /// <summary>May pass the queue: it belongs to a chain that the activation is already part of, and is allowed
    /// to.</summary>
    internal bool IsReentry { get; set; }

    public override void Post(SendOrPostCallback d, object? state) => Target!.PostContinuation(this, d, state);

    public override void Send(SendOrPostCallback d, object? state)
        => throw new NotSupportedException("A grain's turn cannot be waited for");

    public override SynchronizationContext CreateCopy() => this;

    public override string ToString() => $"{Target?.GrainId}.{Method?.Name}";
}

/// <summary>Where a chain of calls came from: another process, or a caller outside of the grains.</summary>
internal sealed class RemoteOrigin(IReadOnlyList<ChainLink> chain)
{
    /// <summary>The calls in the other process, outermost first.</summary>
    internal IReadOnlyList<ChainLink> Chain => chain;

    internal bool Contains(GrainId grain)
    {
        foreach (var link in chain)
        {
            if (link.Grain == grain)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>One call of a chain in another process.</summary>
/// <param name="Grain">The grain that ran it.</param>
/// <param name="Method">The method's name.</param>
/// <param name="AllowsReentry">Whether calls may come back into it.</param>
internal readonly record struct ChainLink(GrainId Grain, string Method, bool AllowsReentry);
