using ClaudeFs.Client.Buffers;
using ClaudeFs.Client.Content;
using ClaudeFs.Client.Threading;
using ClaudeFs.Grains;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Nodes;

/// <summary>
/// What the client has of one file's content: the map of what is committed, what is written and is not, and the times
/// and
/// errors that go with it.
/// </summary>
/// <remarks>
/// Invariants: guarded by the inode's lock, but for the gate. Whoever moves chunks to the flushing layer, commits,
/// truncates
/// or allocates is inside the gate; while <see cref="IsExclusive"/> nobody buffers writes either. Lock order: gate,
/// then the
/// inode's lock.
/// </remarks>
internal sealed class FileContent(SlabPool pool, ILoop loop)
{
    private const AttributeMask MtimeBits = AttributeMask.Mtime | AttributeMask.MtimeNow;

    /// <summary>What is written and not committed.</summary>
    public WriteBuffer Buffer { get; } = new(pool);

    /// <summary>What is known of the committed content.</summary>
    public ExtentMap Map { get; } = new();

    /// <summary>One flush, truncation or allocation at a time.</summary>
    public AsyncGate Gate { get; } = new(loop);

    /// <summary>The one inside the gate wants no writes either.</summary>
    public bool IsExclusive { get; set; }

    /// <summary>Last write that is not committed; zero when there is none.</summary>
    public Stamp WriteTime { get; private set; }

    /// <summary>Mode and times set locally and not sent; mask None when there are none.</summary>
    public AttributesChange Also { get; private set; }

    /// <summary>A write without privileges is not committed: set-id bits are to go.</summary>
    public bool KillPrivileges { get; private set; }

    /// <summary>Whether anything waits for a flush or is in one.</summary>
    public bool IsDirty => !Buffer.IsEmpty || Also.Mask != AttributeMask.None;

    /// <summary>Timestamp of the oldest uncommitted change; 0 when clean.</summary>
    public long DirtySince { get; set; }

    /// <summary>Small content may go into a row; not while a range of it is to be allocated. Inside the gate.</summary>
    public bool IsInlineAllowed { get; set; } = true;

    /// <summary>A background flush is on its way.</summary>
    public bool IsFlushPosted { get; set; }

    /// <summary>Block-store space reserved for what is buffered.</summary>
    public long ReservedBytes { get; set; }

    /// <summary>Growth that the quota has promised and that is not used.</summary>
    public long QuotaBytes { get; set; }

    /// <summary>Until this timestamp its owners are known to have no quota.</summary>
    public long QuotaFreeUntil { get; set; }

    /// <summary>Counts lost flushes; a handle remembers which it has reported.</summary>
    public ulong ErrorCount { get; private set; }

    /// <summary>How the last flush failed.</summary>
    public FsError LastError { get; private set; }

    /// <summary>The client has ended: what is not committed was counted as lost.</summary>
    public bool IsAbandoned { get; set; }

    /// <summary>Failures that an fsync has reported.</summary>
    public ulong SyncedErrorCount { get; set; }

    /// <summary>A flush lost data.</summary>
    public void Fail(FsError error)
    {
        ErrorCount++;
        LastError = error;
    }

    /// <summary>Something was written at <paramref name="time"/>.</summary>
    public void NoteWrite(Stamp time, bool killPrivileges)
    {
        WriteTime = time;
        KillPrivileges |= killPrivileges;
        if ((Also.Mask & MtimeBits) != 0) Also = Also with { Mask = Also.Mask & ~MtimeBits };
        if (killPrivileges) Also = Also with { Mode = WithoutPrivileges(Also.Mode) };
    }

    /// <summary>Mode and times were set; they go with the next flush. <paramref name="ctime"/> is now.</summary>
    public void NoteLocal(in AttributesChange change, Stamp ctime)
    {
        var also = Also;
        var isAtimeNow = (change.Mask & AttributeMask.AtimeNow) != 0;
        if (isAtimeNow || (change.Mask & AttributeMask.Atime) != 0)
        {
            also = also with { Atime = isAtimeNow ? ctime : change.Atime, Mask = also.Mask | AttributeMask.Atime };
        }

        var isMtimeNow = (change.Mask & AttributeMask.MtimeNow) != 0;
        if (isMtimeNow || (change.Mask & AttributeMask.Mtime) != 0)
        {
            also = also with { Mtime = isMtimeNow ? ctime : change.Mtime, Mask = also.Mask | AttributeMask.Mtime };
        }

        if ((change.Mask & AttributeMask.Mode) != 0)
        {
            also = also with { Mode = change.Mode & FileMode.PermissionMask, Mask = also.Mask | AttributeMask.Mode };
        }

        Also = also with { Ctime = ctime, Mask = also.Mask | AttributeMask.Ctime };
    }

    /// <summary>Mode or times were set at the grain while writes are buffered: the flush must leave them as they
    /// are.</summary>
    public void NoteSet(in AttributesChange change)
    {
        if ((change.Mask & AttributeMask.Mode) != 0)
        {
            KillPrivileges = false;
            Also = Also with { Mask = Also.Mask & ~AttributeMask.Mode };
        }

        if ((change.Mask & AttributeMask.Mtime) == 0) return;
        Also = Also with { Mtime = change.Mtime, Mask = Also.Mask | AttributeMask.Mtime };
    }

    /// <summary>
    /// What <paramref name="sent"/> carried is committed; what came since stays. So does an mtime that was set after
    /// writes that are still buffered: their flush would undo it, and must bring it again.
    /// </summary>
    public void NoteSent(in AttributesChange sent, bool killPrivileges, Stamp writeTime)
    {
        if (Also == sent) Also = Buffer.IsEmpty ? default : Also with { Mask = Also.Mask & MtimeBits };
        if (killPrivileges && WriteTime == writeTime) KillPrivileges = false;
        if (Buffer.IsEmpty && WriteTime == writeTime) WriteTime = Stamp.Zero;
    }

    /// <summary>Times set locally go with another change, or are given up.</summary>
    public AttributesChange TakeAlso()
    {
        var also = Also;
        Also = default;
        return also;
    }

    /// <summary>What was written and not committed is given up: nobody sees it any more.</summary>
    public void GiveUp()
    {
        Buffer.GiveUpFlush();
        TakeAlso();
        WriteTime = Stamp.Zero;
        KillPrivileges = false;
    }

    /// <summary>Nothing is written any more that is not committed.</summary>
    public void NoteClean()
    {
        if (!Buffer.IsEmpty) return;
        WriteTime = Stamp.Zero;
        KillPrivileges = false;
    }

    /// <summary>Attributes as they are with what is not committed.</summary>
    public InodeAttributes Overlay(in InodeAttributes server)
    {
        if (!Buffer.HasVisible && WriteTime == Stamp.Zero && Also.Mask == AttributeMask.None) return server;
        var visible = server;
        if (Buffer.HasVisible || WriteTime != Stamp.Zero)
        {
            var size = Math.Max(server.SizeBytes, (ulong)Buffer.End);
            visible = visible with
            {
                SizeBytes = size,
                AllocatedBytes = EstimateAllocated(server.AllocatedBytes, size),
                // An mtime that a user has set into the future gives way, here as in the grain.
                Mtime = WriteTime > server.Mtime || server.Mtime > server.Ctime ? WriteTime : server.Mtime,
                Ctime = WriteTime > server.Ctime ? WriteTime : server.Ctime,
                Mode = KillPrivileges ? WithoutPrivileges(server.Mode) : server.Mode,
            };
        }

        if ((Also.Mask & AttributeMask.Mode) != 0)
        {
            visible = visible with { Mode = (visible.Mode & FileMode.TypeMask) | Also.Mode };
        }

        if ((Also.Mask & AttributeMask.Atime) != 0) visible = visible with { Atime = Also.Atime };
        if ((Also.Mask & AttributeMask.Mtime) != 0) visible = visible with { Mtime = Also.Mtime };
        var hasCtime = Also.Mask != AttributeMask.None && Also.Ctime > visible.Ctime;
        if (hasCtime) visible = visible with { Ctime = Also.Ctime };
        return visible;
    }

    /// <summary>A mode without its set-id bits; set-group-id stays where the group may not execute (mandatory
    /// locking).</summary>
    public static uint WithoutPrivileges(uint mode)
    {
        const uint groupExecute = 0x8;
        mode &= ~FileMode.SetUid;
        return (mode & groupExecute) != 0 ? mode & ~FileMode.SetGid : mode;
    }

    // A guess that is right for files written once; the flush brings the truth.
    private ulong EstimateAllocated(ulong allocated, ulong size)
    {
        const ulong page = Limits.LocatedBytes;
        var whole = (size + page - 1) & ~(page - 1);
        var buffered = ((ulong)Buffer.ValidBytes + page - 1) & ~(page - 1);
        return Math.Max(allocated, Math.Min(allocated + buffered, whole));
    }
}
