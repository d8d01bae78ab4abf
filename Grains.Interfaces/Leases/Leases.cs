using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains;

/// <summary>What a lease lets its holder do.</summary>
public enum LeaseMode
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Shared: serve reads locally.</summary>
    Read = 1,

    /// <summary>Exclusive: keep writes, sizes and times locally until flush or recall.</summary>
    Write = 2,
}

/// <summary>
/// A granted right on an inode: its attributes and data, or for a directory its attributes and entries.
/// </summary>
/// <param name="Mode">What was granted; None when it could not be without a wait that was not asked for.</param>
/// <param name="Epoch">The shard's epoch under which it holds.</param>
/// <param name="Number">
/// Grows with each grant in the shard, renewals too, and over epochs. A recall of number N takes back everything
/// granted up to N, also what is still on its way to the client; a grant with a higher number came after it and stands.
/// </param>
[GenerateSerializer, Immutable, Alias("fs.lease.grant")]
public readonly record struct LeaseGrant(LeaseMode Mode, Epoch Epoch, ulong Number)
{
    /// <summary>No lease.</summary>
    public static LeaseGrant None => default;
}

/// <summary>One lease asked back.</summary>
/// <param name="Inode">On what.</param>
/// <param name="Number">The grant's number.</param>
/// <param name="KeepAtMost">What the holder may keep: Read after a downgrade, else None.</param>
/// <param name="Cause">The inode was unlinked or the like; for logs and for kernel invalidation of names.</param>
/// <param name="Name">For a directory: the entry that will change; default when more than one or unknown.</param>
[GenerateSerializer, Immutable, Alias("fs.lease.recall")]
public readonly record struct LeaseRecall(
    InodeId Inode, ulong Number, LeaseMode KeepAtMost, RecallCause Cause, FsName Name);

/// <summary>Why a lease is recalled.</summary>
public enum RecallCause
{
    /// <summary>Mode, owner, times, links or extended attributes.</summary>
    AttributesChange = 0,

    /// <summary>Content or size.</summary>
    DataChange = 1,

    /// <summary>A directory's entries.</summary>
    EntriesChange = 2,

    /// <summary>The last name goes.</summary>
    LastUnlink = 3,

    /// <summary>The silo wants fewer leases.</summary>
    Pressure = 4,

    /// <summary>
    /// Never sent to a client: an intent on the root that stands for the shape of the tree and recalls nothing.
    /// </summary>
    TreeLock = 5,

    /// <summary>Another session wants to read or write under a lease of its own.</summary>
    Lease = 6,
}

/// <summary>
/// How a recall was answered, after everything dirty was flushed and the kernel has dropped what it held.
/// </summary>
/// <param name="Kept">What the holder kept.</param>
/// <param name="IsOpen">The holder has the inode open: it must outlive its last name.</param>
[GenerateSerializer, Immutable, Alias("fs.lease.returned")]
public readonly record struct LeaseReturn(LeaseMode Kept, bool IsOpen);

/// <summary>A client's side of its leases: the silo calls it over the client's connection.</summary>
[Alias("fs.lease.holder")]
public interface ILeaseHolder : IGrainObserver
{
    /// <summary>Flushes, invalidates the kernel's copies, and gives the lease back. Safe to repeat.</summary>
    [Alias("Recall"), AlwaysInterleave]
    ValueTask<LeaseReturn> RecallAsync(LeaseRecall recall);
}
