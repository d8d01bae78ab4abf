using System.Collections.Immutable;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains;

/// <summary>Attributes and what was granted with them.</summary>
[GenerateSerializer, Immutable, Alias("fs.inode.attributes")]
public readonly record struct AttributesReply(InodeAttributes Attributes, LeaseGrant Lease);

/// <summary>Which attributes a SETATTR changes.</summary>
[Flags]
public enum AttributeMask
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Permission bits; the type stays.</summary>
    Mode = 1,

    /// <summary>
    /// Owner; clears set-id bits of what is no directory, as the kernel leaves that to the file system.
    /// </summary>
    Uid = 2,

    /// <summary>Group; as Uid.</summary>
    Gid = 4,

    /// <summary>Length: a truncation or a hole at the end.</summary>
    Size = 8,

    /// <summary>Atime is given.</summary>
    Atime = 16,

    /// <summary>Mtime is given.</summary>
    Mtime = 32,

    /// <summary>Atime is the operation's stamp.</summary>
    AtimeNow = 64,

    /// <summary>Mtime is the operation's stamp.</summary>
    MtimeNow = 128,

    /// <summary>
    /// Clear set-user-id, and set-group-id where the group may execute (chown, write, truncate by non-root).
    /// </summary>
    KillPrivileges = 256,

    /// <summary>Ctime is given: a lease holder's own clock.</summary>
    Ctime = 512,
}

/// <summary>A change of attributes; fields outside the mask mean nothing.</summary>
[GenerateSerializer, Immutable, Alias("fs.inode.set")]
public readonly record struct AttributesChange(
    AttributeMask Mask, uint Mode, uint Uid, uint Gid, ulong SizeBytes, Stamp Atime, Stamp Mtime, Stamp Ctime);

/// <summary>How setxattr treats an existing name. Source: uapi/linux/xattr.h.</summary>
public enum XattrMode
{
    /// <summary>Whatever is there.</summary>
    CreateOrReplace = 0,

    /// <summary>EEXIST when it is there.</summary>
    Create = 1,

    /// <summary>ENODATA when it is not there.</summary>
    Replace = 2,
}

/// <summary>
/// What files and directories have in common. <see cref="IInodeGrain"/> and <see cref="IDirectoryGrain"/>.
/// </summary>
[Alias("fs.inode.operations")]
public interface IInodeOperations : IGrain
{
    /// <summary>Attributes, and a read lease when nobody else writes. Errors: ESTALE.</summary>
    [Alias("GetAttributes")]
    ValueTask<FsResult<AttributesReply>> GetAttributesAsync(SessionId session);

    /// <summary>
    /// Changes attributes; a change of size is a truncation. Recalls others' leases first.
    /// Errors: ESTALE, EINVAL, EFBIG, EISDIR (size of a directory), EDQUOT (new owner or growth), ENOSPC, EROFS.
    /// </summary>
    [Alias("SetAttributes")]
    ValueTask<FsResult<AttributesReply>> SetAttributesAsync(OperationContext op, AttributesChange change);

    /// <summary>Value of an extended attribute. Errors: ENODATA, EOPNOTSUPP (other prefixes), ESTALE.</summary>
    [Alias("GetXattr")]
    ValueTask<FsResult<byte[]>> GetXattrAsync(SessionId session, FsName name);

    /// <summary>Names of all extended attributes. Errors: ESTALE.</summary>
    [Alias("ListXattr")]
    ValueTask<FsResult<ImmutableArray<FsName>>> ListXattrAsync(SessionId session);

    /// <summary>
    /// Sets an extended attribute: user., trusted. and security. names. Errors: EEXIST, ENODATA, E2BIG (value), ENOSPC
    /// (all names and values), EOPNOTSUPP (other prefixes), EINVAL (a prefix alone), ESTALE, EROFS.
    /// </summary>
    [Alias("SetXattr")]
    ValueTask<FsResult<Nothing>> SetXattrAsync(OperationContext op, FsName name, byte[] value, XattrMode mode);

    /// <summary>Removes an extended attribute. Errors: ENODATA, EOPNOTSUPP (other prefixes), ESTALE, EROFS.</summary>
    [Alias("RemoveXattr")]
    ValueTask<FsResult<Nothing>> RemoveXattrAsync(OperationContext op, FsName name);

    /// <summary>
    /// Grants a lease, waiting for recalls of what conflicts. A session's own older lease on the inode is replaced.
    /// A store that only reads answers Read without a lease where it can grant none: what is told is so at that moment.
    /// Errors: ESTALE, ETIMEDOUT when a holder neither answers nor expires in time, EROFS (Write).
    /// </summary>
    [Alias("AcquireLease")]
    ValueTask<FsResult<AttributesReply>> AcquireLeaseAsync(SessionId session, LeaseMode mode);

    /// <summary>
    /// Gives a lease back unasked; <paramref name="isOpen"/> keeps the inode alive for open handles. Idempotent.
    /// </summary>
    [Alias("ReleaseLease")]
    ValueTask<FsResult<Nothing>> ReleaseLeaseAsync(SessionId session, ulong number, bool isOpen);

    /// <summary>
    /// Everything this inode's path and content rest on, in all shards, is committed when it answers. Errors: EIO,
    /// EROFS.
    /// </summary>
    [Alias("Sync")]
    ValueTask<FsResult<Nothing>> SyncAsync(SessionId session);

    /// <summary>
    /// The session has closed its last handle of an inode that has no name left; the last holder's call frees it.
    /// Idempotent. Answers a session that can outlive the silo when that is committed. Errors: EIO (it never will be).
    /// </summary>
    [Alias("ForgetOrphan")]
    ValueTask<FsResult<Nothing>> ForgetOrphanAsync(SessionId session);

    /// <summary>
    /// Takes part in an operation on a name of or in this inode (link, unlink, rename): called by the grain of a
    /// directory in another shard.
    /// Recalls leases that conflict, then holds the intent until <see cref="EndIntentAsync"/>. Errors: ESTALE.
    /// </summary>
    [Alias("BeginIntent")]
    ValueTask<FsResult<InodeAttributes>> BeginIntentAsync(OperationId op, SessionId session, RecallCause cause);

    /// <summary>Ends an intent; what changed was applied by the coordinator in one batch. Idempotent.</summary>
    [Alias("EndIntent")]
    ValueTask<FsResult<Nothing>> EndIntentAsync(OperationId op);
}
