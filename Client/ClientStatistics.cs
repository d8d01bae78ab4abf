namespace ClaudeFs.Client;

/// <summary>What a client has done and holds; counts since its start unless they say otherwise.</summary>
public sealed record ClientStatistics
{
    /// <summary>Calls of the file system.</summary>
    public long Operations { get; init; }

    /// <summary>Attributes answered under a lease.</summary>
    public long AttributeHits { get; init; }

    /// <summary>Attributes asked for.</summary>
    public long AttributeMisses { get; init; }

    /// <summary>Names answered under a lease.</summary>
    public long EntryHits { get; init; }

    /// <summary>Names asked for.</summary>
    public long EntryMisses { get; init; }

    /// <summary>Chunks read from memory.</summary>
    public long ChunkHits { get; init; }

    /// <summary>Chunks read from the block store.</summary>
    public long ChunkMisses { get; init; }

    /// <summary>Bytes read by callers.</summary>
    public long ReadBytes { get; init; }

    /// <summary>Bytes written by callers.</summary>
    public long WrittenBytes { get; init; }

    /// <summary>Bytes put to the block store.</summary>
    public long FlushedBytes { get; init; }

    /// <summary>Commits of buffered writes.</summary>
    public long Flushes { get; init; }

    /// <summary>Flushes that lost data.</summary>
    public long FlushFailures { get; init; }

    /// <summary>Memory of written data that could not be committed; whoever wrote it was told.</summary>
    public long LostBytes { get; init; }

    /// <summary>Leases asked back.</summary>
    public long Recalls { get; init; }

    /// <summary>Grain calls sent again.</summary>
    public long Retries { get; init; }

    /// <summary>Memory of written data that is not committed, now.</summary>
    public long DirtyBytes { get; init; }

    /// <summary>Files with something to flush, now.</summary>
    public int DirtyFiles { get; init; }

    /// <summary>Memory of cached chunks, now.</summary>
    public long CachedChunkBytes { get; init; }

    /// <summary>Inodes known, now.</summary>
    public int KnownInodes { get; init; }

    /// <summary>Names known, now.</summary>
    public int KnownEntries { get; init; }

    /// <summary>Open handles of files, now.</summary>
    public int OpenFiles { get; init; }
}
