namespace Orleans.Scheduling;

/// <summary>Bounds of queues, loops and chains.</summary>
internal static class RuntimeLimits
{
    /// <summary>Calls that wait in front of one activation.</summary>
    internal const int MailboxCallsMax = 10_000;

    /// <summary>Calls that have begun and not ended in one activation whose calls interleave.</summary>
    internal const int RunningCallsMax = 65_536;

    /// <summary>Processes that observers are called in.</summary>
    internal const int PeersMax = 65_536;

    /// <summary>Calls inside calls.</summary>
    internal const int ChainLengthMax = 64;

    /// <summary>Calls inside calls on one stack; deeper ones are queued.</summary>
    internal const int InlineDepthMax = 20;

    /// <summary>Queued work that a caller's thread does for others when its own turn ends.</summary>
    internal const int ForeignQuantumItems = 4;

    /// <summary>Queued work of one activation that a pool thread does before others get their chance.</summary>
    internal const int PoolQuantumItems = 64;

    /// <summary>Kept objects for pending calls, per type of result.</summary>
    internal const int PooledCallsMax = 4096;

    /// <summary>References kept by key, so that asking for the same grain again costs little.</summary>
    internal const int ReferenceCacheSlots = 16_384;

    /// <summary>How often a call is sent on when it met an activation that was going.</summary>
    internal const int ForwardsMax = 16;
}
