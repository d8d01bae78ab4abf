namespace ClaudeFs.Primitives;

// The client library.
public static partial class Limits
{
    /// <summary>Times a grain call is sent again after a time-out or a lost connection.</summary>
    public const int CallRetriesMax = 6;

    /// <summary>Mutations of one session and shard whose answers the client does not have yet.</summary>
    public const int OperationsInFlightMax = 256;

    /// <summary>Bytes that one put to the block store carries at most.</summary>
    public const int PutBatchBytes = 2 << 20;

    /// <summary>Puts of one file in flight at once.</summary>
    public const int PutsInFlightMax = 4;

    /// <summary>Bytes of one file that one commit covers at most.</summary>
    public const int FlushRoundBytes = 8 << 20;

    /// <summary>Times a flush puts its pieces again because their pins were too old.</summary>
    public const int PutAgainMax = 4;

    /// <summary>Block reads of one request in flight at once.</summary>
    public const int BlockReadsInFlightMax = 16;

    /// <summary>Extents of one file that are kept; beyond, the file's map is dropped and asked for again.</summary>
    public const int ExtentsCachedPerFileMax = 8192;

    /// <summary>Entries of one page of a listing.</summary>
    public const int EntriesPerPage = 512;

    /// <summary>Inodes handled together when caches are trimmed or leases given back.</summary>
    public const int TrimBatch = 64;

    /// <summary>Inodes let go in one round because the kernel forgot them.</summary>
    public const int ForgottenPerRoundMax = 1024;

    /// <summary>Files whose age is looked at in one round of upkeep.</summary>
    public const int AgedPerRoundMax = 1024;

    /// <summary>Inodes waiting to be let go because the kernel forgot them; beyond, the trimmer finds them by
    /// itself.</summary>
    public const int ForgottenQueueMax = 16_384;

    /// <summary>Names and inodes that the front end is told to drop at once when a session comes back: less than
    /// <see cref="FuseNotificationsMax"/>.</summary>
    public const int NotificationsPerReturnRound = 16_384;

    /// <summary>Read-ahead begins with this much.</summary>
    public const int ReadAheadBytesMin = 128 * 1024;

    /// <summary>Bytes that copy_file_range moves in one step.</summary>
    public const int CopyStepBytes = 1 << 20;

    /// <summary>Block-store space that a writer reserves at once.</summary>
    public const long SpaceSlabBytes = 16 << 20;

    /// <summary>Growth of one file that is reserved at once where a quota is set.</summary>
    public const long QuotaSlabBytes = 1 << 20;

    /// <summary>Owners whose quota state the client remembers.</summary>
    public const int QuotaOwnersMax = 4096;
}
