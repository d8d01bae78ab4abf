using System.ComponentModel.DataAnnotations;

namespace ClaudeFs.Grains.Hosting;

/// <summary>How the grains behave.</summary>
public sealed class GrainOptions
{
    /// <summary>
    /// How long a session's leases hold after its last keepalive, and what a silent one is waited for. With the
    /// silence below it
    /// stays under the runtime's response time, so that who waits for a dead holder is answered.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan SessionTerm { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A holder that neither answers a recall nor flushes for this long is evicted.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan RecallSilence { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A recall that failed (connection lost) is repeated after this long.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan RecallRetry { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Shards that new directories of the top two levels are spread over: 1 to 4096, never lowered later.
    /// </summary>
    [Range(1, Primitives.ShardId.Count)]
    public int ActiveShardCount { get; init; } = 16;

    /// <summary>User that owns the root of a file system that is made.</summary>
    public uint RootUid { get; init; }

    /// <summary>Its group.</summary>
    public uint RootGid { get; init; }
}
