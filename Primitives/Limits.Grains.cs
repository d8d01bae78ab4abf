namespace ClaudeFs.Primitives;

/// <summary>Bounds of the grains.</summary>
public static partial class Limits
{
    /// <summary>Operations that may wait for the intent on one inode; more are told EAGAIN.</summary>
    public const int IntentWaitersMax = 4096;

    /// <summary>Idle intent entries that a shard keeps for use again.</summary>
    public const int IntentPoolMax = 256;

    /// <summary>Leases that one session may hold in one shard; beyond it nothing is granted unasked.</summary>
    public const int LeasesPerSessionMax = 256 * 1024;

    /// <summary>Sessions with a lease on the same inode; beyond it nothing is granted unasked.</summary>
    public const int LeaseHoldersMax = 1024;

    /// <summary>Extents that one batch frees or changes: what bounds truncation, freeing and preallocation.</summary>
    public const int ExtentsPerBatchMax = 64;

    /// <summary>Extents in one answer of GetMap.</summary>
    public const int ExtentsPerMapMax = 64;

    /// <summary>Extents that one write may bring.</summary>
    public const int ExtentsPerWriteMax = 64;

    /// <summary>Values of all extended attributes of one inode.</summary>
    public const int XattrValuesBytesMax = 256 * 1024;

    /// <summary>Pieces in one extent row: one for each 4 KiB.</summary>
    public const int PiecesPerExtentMax = ExtentBytes / LocatedBytes;

    /// <summary>Entries in one page of a listing.</summary>
    public const int EntriesPerPageMax = 1024;

    /// <summary>
    /// Times a change looks again for its rows before it answers EAGAIN, when others keep moving the names.
    /// </summary>
    public const int RevalidationsMax = 64;

    /// <summary>Directories on the way to the root: what the search for a cycle walks at most.</summary>
    public const int DirectoryDepthMax = 65_536;

    /// <summary>Lending rounds of a quota before a change answers EDQUOT.</summary>
    public const int QuotaRoundsMax = 4;
}
