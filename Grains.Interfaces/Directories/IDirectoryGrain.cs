using System.Collections.Immutable;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains;

/// <summary>
/// Answer to a lookup, a create and the like.
/// </summary>
/// <param name="Attributes">The child's; Inode is None when there is no such entry (a negative answer, no
/// error).</param>
/// <param name="EntriesLease">On the directory's entries (read).</param>
/// <param name="InodeLease">On the child; Write for a file that the session has just created.</param>
[GenerateSerializer, Immutable, Alias("fs.dir.entry")]
public readonly record struct EntryReply(InodeAttributes Attributes, LeaseGrant EntriesLease, LeaseGrant InodeLease);

/// <summary>What to make: the type is in the mode.</summary>
/// <param name="Mode">Type and permissions, umask already applied.</param>
/// <param name="Rdev">Of device nodes.</param>
/// <param name="Target">Of symlinks, 1 to 4095 bytes; else null.</param>
[GenerateSerializer, Immutable, Alias("fs.dir.make")]
public sealed record MakeRequest(uint Mode, uint Rdev, byte[]? Target);

/// <summary>Flags of renameat2. Source: uapi/linux/fs.h.</summary>
[Flags]
public enum RenameFlags
{
    /// <summary>Replace what is there.</summary>
    None = 0,

    /// <summary>RENAME_NOREPLACE: EEXIST when the new name is there.</summary>
    NoReplace = 1,

    /// <summary>RENAME_EXCHANGE: both must be there, and change places.</summary>
    Exchange = 2,
}

/// <summary>
/// What a removal did. A file or directory that lost its last name lives on as an orphan until every session that has
/// it open has called ForgetOrphan; the asking session always counts as one.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.dir.removed")]
public readonly record struct RemovedReply(InodeId Inode, bool IsOrphan, InodeAttributes Attributes);

/// <summary>
/// What a rename did: what was moved, what it replaced or changed places with (None if nothing). Both the same inode:
/// two names of one file, and both stay.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.dir.renamed")]
public readonly record struct RenamedReply(InodeAttributes Moved, RemovedReply Replaced);

/// <summary>One entry of a listing. The cookie is where to go on after it: stable, never a position.</summary>
[GenerateSerializer, Immutable, Alias("fs.dir.dirent")]
public readonly record struct DirectoryEntry(
    FsName Name, InodeId Inode, byte Type, ulong Cookie, InodeAttributes Attributes, LeaseGrant Lease);

/// <summary>A page of a listing, in cookie order, without "." and "..".</summary>
[GenerateSerializer, Immutable, Alias("fs.dir.page")]
public sealed record DirectoryPage(
    ImmutableArray<DirectoryEntry> Entries, bool IsLast, InodeAttributes Directory, InodeId Parent,
    LeaseGrant EntriesLease);

/// <summary>One directory: names to inodes. Grain key: the directory's <see cref="InodeId"/>.</summary>
[Alias("fs.directory")]
public interface IDirectoryGrain : IInodeOperations, IGrainWithIntegerKey
{
    /// <summary>Finds an entry; absence is an answer, not an error. Errors: ESTALE.</summary>
    [Alias("Lookup")]
    ValueTask<FsResult<EntryReply>> LookupAsync(SessionId session, FsName name);

    /// <summary>
    /// Makes a file, directory, symlink or device node. Inherits the group and the bit from a set-group-id directory.
    /// A retry is answered without leases. Errors: EEXIST, ENOENT (directory removed), ESTALE (directory freed),
    /// ENOTDIR, EDQUOT, ENOSPC, EMLINK, ENAMETOOLONG, EINVAL, EROFS.
    /// </summary>
    [Alias("Make")]
    ValueTask<FsResult<EntryReply>> MakeAsync(OperationContext op, FsName name, MakeRequest request);

    /// <summary>Adds a name for an existing file. Errors: EEXIST, ESTALE, EMLINK,
    /// EPERM (a directory), ENOENT (orphan), EROFS.</summary>
    [Alias("Link")]
    ValueTask<FsResult<EntryReply>> LinkAsync(OperationContext op, FsName name, InodeId target);

    /// <summary>
    /// Removes a name of a file. The sticky bit is checked against the caller (root passes).
    /// Errors: ENOENT, EISDIR, EPERM (sticky), ESTALE, EROFS.
    /// </summary>
    [Alias("Unlink")]
    ValueTask<FsResult<RemovedReply>> UnlinkAsync(OperationContext op, FsName name);

    /// <summary>
    /// Removes an empty directory. Errors: ENOENT, ENOTDIR, ENOTEMPTY, EPERM (sticky), ESTALE, EROFS.
    /// </summary>
    [Alias("RemoveDirectory")]
    ValueTask<FsResult<RemovedReply>> RemoveDirectoryAsync(OperationContext op, FsName name);

    /// <summary>
    /// Moves an entry of this directory, within it or to another, replacing or exchanging. Called on the source
    /// directory. Errors: ENOENT, EEXIST (NoReplace), ENOTDIR, EISDIR, ENOTEMPTY, EINVAL (into its own subtree), EPERM
    /// (sticky), EMLINK, EXDEV, ESTALE, EROFS.
    /// </summary>
    [Alias("Rename")]
    ValueTask<FsResult<RenamedReply>> RenameAsync(
        OperationContext op, FsName name, InodeId newParent, FsName newName, RenameFlags flags);

    /// <summary>
    /// Entries after <paramref name="cookie"/> (0 from the start), at most <paramref name="count"/> (1 to 1024); with
    /// attributes and leases when <paramref name="withAttributes"/>. Errors: ESTALE.
    /// </summary>
    [Alias("Read")]
    ValueTask<FsResult<DirectoryPage>> ReadAsync(SessionId session, ulong cookie, int count, bool withAttributes);
}
