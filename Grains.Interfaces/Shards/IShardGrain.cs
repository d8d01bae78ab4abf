using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains;

/// <summary>
/// What is done for a whole shard, in the background: orphans are freed in bounded batches, sessions that are over
/// are taken out.
/// Called between silos only. Grain key: the shard's number.
/// </summary>
[Alias("fs.shard")]
public interface IShardGrain : IGrainWithIntegerKey
{
    /// <summary>Frees what no session has open any more, and answers when that is done. Errors: EIO, EROFS.</summary>
    [Alias("Sweep")]
    ValueTask<FsResult<Nothing>> SweepAsync();

    /// <summary>As <see cref="SweepAsync"/>, without an answer.</summary>
    [Alias("StartSweep")]
    [OneWay]
    ValueTask StartSweepAsync();

    /// <summary>
    /// The session is over: its orphans are freed, its row of this shard goes. Idempotent. Errors: EIO, EROFS.
    /// </summary>
    [Alias("EndSession")]
    ValueTask<FsResult<Nothing>> EndSessionAsync(SessionId session);
}
