namespace ClaudeFs.Grains.Storage;

/// <summary>Bounds of the metadata store.</summary>
public static class StoreLimits
{
    /// <summary>Rows kept in memory beyond those that the tables do not hold yet, all shards together.</summary>
    public const long CleanRowsBytesMax = 64L << 20;

    /// <summary>What a shard may keep of clean rows even when the others use all of the above.</summary>
    public const long ShardCleanRowsBytesMin = 64 * 1024;

    /// <summary>Log bytes that the tables may lag behind before commits wait for them.</summary>
    public const long LagBytesMax = 64L << 20;

    /// <summary>Age of the oldest batch the tables lack beyond which commits wait for them.</summary>
    public static readonly TimeSpan LagTimeMax = TimeSpan.FromSeconds(2);

    /// <summary>How long a batch that nobody waits for may wait for company in its append.</summary>
    public static readonly TimeSpan LazyAppendDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>The tables follow at the latest after this time, or after <see cref="MaterialiseBytes"/>.</summary>
    public static readonly TimeSpan MaterialiseInterval = TimeSpan.FromMilliseconds(500);

    public const long MaterialiseBytes = 4L << 20;

    /// <summary>The tables of a full disk are tried again after this time.</summary>
    public static readonly TimeSpan FullDiskRetry = TimeSpan.FromSeconds(1);

    /// <summary>Log bytes taken into one transaction of the tables.</summary>
    public const long TransactionLogBytesMax = 8L << 20;

    /// <summary>Encoded bytes of one batch.</summary>
    public const int BatchBytesMax = 8 << 20;

    /// <summary>Encoded bytes that are gathered into one append, but for one batch that alone is larger.</summary>
    public const int AppendBytesTarget = 1 << 20;

    /// <summary>Batches in memory that no append holds yet; beyond it answers wait also for AckMode.Applied.</summary>
    public const int QueuedBatchesMax = 16 * 1024;

    /// <summary>Smallest region that can be a log.</summary>
    public const long LogBytesMin = 1L << 20;

    /// <summary>Inode numbers that are promised at once in the log.</summary>
    public const ulong InodeRangeCount = 4096;

    /// <summary>Numbers above a session's AcknowledgedBelow that may be in use at the same time.</summary>
    public const ulong SessionWindowMax = 4096;

    /// <summary>Rows that leave a shard table's dirty part under one hold of its lock.</summary>
    public const int ReleasedRows = 256;

    /// <summary>Rows read from the tables at a time by a range scan.</summary>
    public const int ScanRows = 256;

    /// <summary>Pooled objects kept per kind.</summary>
    public const int PooledMax = 1024;

    /// <summary>Pooled batches: what a mount commits while the tables follow.</summary>
    public const int PooledBatchesMax = 8 * 1024;

    /// <summary>Read connections to the tables.</summary>
    public const int TableReadersMax = 8;

    /// <summary>Read of a row that was released from the shard table meanwhile: repeated at most this often before the
    /// answer is given without keeping it.</summary>
    public const int ReadRetriesMax = 3;

    /// <summary>Extents of one file that a repair records as lost for want of anything known of them: 64 GiB.</summary>
    public const int LostExtentsPerFileMax = 1 << 16;
}
