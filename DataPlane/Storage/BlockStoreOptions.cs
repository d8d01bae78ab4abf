namespace ClaudeFs.DataPlane.Storage;

/// <summary>How a block store runs.</summary>
public sealed class BlockStoreOptions
{
    /// <summary>When a put's bytes are durable.</summary>
    public FlushPolicy Flush { get; init; } = FlushPolicy.WithLog;

    /// <summary>
    /// Whether sealing, garbage collection, compaction and growth run by themselves on a loop; otherwise only when
    /// <see cref="BlockStore.MaintainAsync"/> is called, and when a put has no space.
    /// </summary>
    public bool Background { get; init; } = true;

    /// <summary>How often maintenance looks for work, and the garbage epoch is raised if everyone has
    /// confirmed.</summary>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How long a writer without space waits while garbage is there but none becomes reusable; each time that some does
    /// the wait begins anew. Without garbage it is refused with ENOSPC at once.
    /// </summary>
    public TimeSpan SpaceWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The append from before which the log holds nothing any more: an index whose counts end earlier is stale.
    /// </summary>
    public ulong FirstAppend { get; init; }

    /// <summary>
    /// Continue waiting callers on the thread that completes what they wait for, in a fixed order: for simulations.
    /// </summary>
    public bool InlineContinuations { get; init; }
}
