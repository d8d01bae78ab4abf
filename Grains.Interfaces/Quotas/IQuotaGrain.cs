using ClaudeFs.Primitives;

namespace ClaudeFs.Grains;

/// <summary>Hard limits; 0 is no limit.</summary>
[GenerateSerializer, Immutable, Alias("fs.quota.limits")]
public readonly record struct QuotaLimits(ulong BytesMax, ulong InodesMax);

/// <summary>Limits and what is used of them.</summary>
[GenerateSerializer, Immutable, Alias("fs.quota.usage")]
public readonly record struct QuotaUsage(QuotaLimits Limits, ulong Bytes, ulong Inodes);

/// <summary>
/// Hard quota of one user or group: sums the shards' counters and lends slices. Grain key: "u:UID" or "g:GID".
/// </summary>
[Alias("fs.quota")]
public interface IQuotaGrain : IGrainWithStringKey
{
    /// <summary>Sets the limits; what is over them already stays. Errors: EROFS.</summary>
    [Alias("SetLimits")]
    ValueTask<FsResult<Nothing>> SetLimitsAsync(OperationContext op, QuotaLimits limits);

    /// <summary>Limits and usage. No errors.</summary>
    [Alias("GetUsage")]
    ValueTask<FsResult<QuotaUsage>> GetUsageAsync();

    /// <summary>Lends a slice to a shard: at least what is asked or nothing. Errors: EDQUOT.</summary>
    [Alias("Lend")]
    ValueTask<FsResult<QuotaLimits>> LendAsync(ShardId shard, long bytes, long inodes);
}

/// <summary>Figures of the whole file system. Grain key: 0.</summary>
[Alias("fs.system")]
public interface IFileSystemGrain : IGrainWithIntegerKey
{
    /// <summary>What statfs shows. No errors.</summary>
    [Alias("GetStatistics")]
    ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync();

    /// <summary>Everything applied before the call, in all shards, is committed. Errors: EIO.</summary>
    [Alias("Sync")]
    ValueTask<FsResult<Nothing>> SyncAsync();
}

/// <summary>Space and inodes.</summary>
[GenerateSerializer, Immutable, Alias("fs.system.statistics")]
public readonly record struct FileSystemStatistics(ulong Inodes, ulong UsedBytes);
