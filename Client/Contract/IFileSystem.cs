using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

/// <summary>
/// A node with how long the kernel (or another cache) may keep name and attributes; zero: not at all.
/// </summary>
/// <param name="Attributes">Inode is None for a negative answer.</param>
/// <param name="EntryTtl">How long the name may be kept.</param>
/// <param name="AttributesTtl">How long the attributes may be kept.</param>
public readonly record struct Node(InodeAttributes Attributes, TimeSpan EntryTtl, TimeSpan AttributesTtl);

/// <summary>A file just opened.</summary>
/// <param name="Handle">Names the open file; stable for its life; never 0.</param>
/// <param name="KeepCache">Cached pages are still good.</param>
public readonly record struct OpenedFile(ulong Handle, bool KeepCache);

/// <summary>One entry of a listing as a front end needs it.</summary>
/// <param name="Name">Its name ("." and ".." too).</param>
/// <param name="Inode">Its inode.</param>
/// <param name="Type">d_type.</param>
/// <param name="Cookie">Where to go on after it.</param>
/// <param name="Node">Attributes when they were asked for; Inode None for "." and ".." and when not asked.</param>
public readonly record struct ListedEntry(ReadOnlyMemory<byte> Name, InodeId Inode, byte Type, ulong Cookie, Node Node);

/// <summary>Totals for statfs, bytes and counts.</summary>
public readonly record struct FileSystemSpace(
    ulong TotalBytes, ulong FreeBytes, ulong TotalInodes, ulong FreeInodes);

/// <summary>Where lseek looks. Source: lseek(2).</summary>
public enum SeekWhence
{
    /// <summary>The next data at or after the offset.</summary>
    Data = 3,

    /// <summary>The next hole at or after the offset; the end of the file counts as one.</summary>
    Hole = 4,
}

/// <summary>
/// What a front end drops when another client changes things; called by the client library, never under its locks.
/// </summary>
public interface IInvalidationSink
{
    /// <summary>Drops attributes and cached pages of the range (length 0: to the end; offset -1: attributes only).
    /// Completes when they are gone.</summary>
    ValueTask InvalidateInodeAsync(InodeId inode, long offset, long length);

    /// <summary>Drops a cached name, positive or negative. Completes when it is gone.</summary>
    ValueTask InvalidateEntryAsync(InodeId parent, FsName name);
}

/// <summary>
/// The file system by inode number: what FUSE, gateways and the SDK stand on. Thread-safe. A method that can be
/// answered from what a lease allows completes synchronously and does not allocate. Errors are errnos; each lists what
/// POSIX lists for the call, and EIO, ETIMEDOUT and ESTALE anywhere.
/// </summary>
public interface IFileSystem
{
    /// <summary>
    /// Offset of a write that appends: the end of the file is looked up when nobody else can move it (O_APPEND).
    /// </summary>
    const long AtEnd = -1;

    /// <summary>Who is told of changes by others; set once, before the first operation.</summary>
    IInvalidationSink InvalidationSink { get; set; }

    /// <summary>Finds a name; a negative answer is a node whose Inode is None.</summary>
    ValueTask<FsResult<Node>> LookupAsync(InodeId parent, FsName name, CancellationToken cancellationToken);

    /// <summary>The kernel has dropped its last reference to the inode: leases and caches may go.</summary>
    void Forget(InodeId inode);

    /// <summary>Attributes; through a write lease, those of what is buffered.</summary>
    ValueTask<FsResult<Node>> GetAttributesAsync(InodeId inode, CancellationToken cancellationToken);

    /// <summary>Changes attributes, truncates.</summary>
    ValueTask<FsResult<Node>> SetAttributesAsync(
        InodeId inode, AttributesChange change, Caller caller, CancellationToken cancellationToken);

    /// <summary>Target of a symlink.</summary>
    ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(InodeId inode, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a node: file, directory, symlink (with target) or device, by the type in the mode (umask applied).
    /// </summary>
    ValueTask<FsResult<Node>> MakeAsync(
        InodeId parent, FsName name, uint mode, uint rdev, ReadOnlyMemory<byte> target, Caller caller,
        CancellationToken cancellationToken);

    /// <summary>
    /// Makes a regular file and opens it; without O_EXCL in <paramref name="openFlags"/> an existing one is opened.
    /// </summary>
    ValueTask<FsResult<(Node Node, OpenedFile File)>> CreateAsync(
        InodeId parent, FsName name, uint mode, int openFlags, Caller caller, CancellationToken cancellationToken);

    /// <summary>Adds a name to an inode.</summary>
    ValueTask<FsResult<Node>> LinkAsync(
        InodeId target, InodeId newParent, FsName newName, Caller caller, CancellationToken cancellationToken);

    /// <summary>Removes a name of a file.</summary>
    ValueTask<FsResult<Nothing>> UnlinkAsync(
        InodeId parent, FsName name, Caller caller, CancellationToken cancellationToken);

    /// <summary>Removes an empty directory.</summary>
    ValueTask<FsResult<Nothing>> RemoveDirectoryAsync(
        InodeId parent, FsName name, Caller caller, CancellationToken cancellationToken);

    /// <summary>Moves or exchanges.</summary>
    ValueTask<FsResult<Nothing>> RenameAsync(
        InodeId parent, FsName name, InodeId newParent, FsName newName, RenameFlags flags, Caller caller,
        CancellationToken cancellationToken);

    /// <summary>Opens a file; O_TRUNC is honoured here. <paramref name="openFlags"/> are open(2)'s.</summary>
    ValueTask<FsResult<OpenedFile>> OpenAsync(
        InodeId inode, int openFlags, Caller caller, CancellationToken cancellationToken);

    /// <summary>Reads up to the destination's length; fewer only at the end of the file. Returns bytes read.</summary>
    ValueTask<FsResult<int>> ReadAsync(
        InodeId inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>
    /// Writes all, at an offset or <see cref="AtEnd"/>; <paramref name="killPrivileges"/> clears set-id bits. Returns
    /// bytes written.
    /// </summary>
    ValueTask<FsResult<int>> WriteAsync(
        InodeId inode, ulong handle, long offset, ReadOnlyMemory<byte> source, bool killPrivileges, Caller caller,
        CancellationToken cancellationToken);

    /// <summary>
    /// A descriptor is closed (FLUSH): what it wrote is visible to others afterwards; reports a lost write once.
    /// </summary>
    ValueTask<FsResult<Nothing>> FlushAsync(InodeId inode, ulong handle, CancellationToken cancellationToken);

    /// <summary>The last descriptor of a handle is closed (RELEASE).</summary>
    ValueTask<FsResult<Nothing>> ReleaseAsync(InodeId inode, ulong handle, CancellationToken cancellationToken);

    /// <summary>fsync, fdatasync, and for directories fsyncdir; of the root: everything.</summary>
    ValueTask<FsResult<Nothing>> SyncAsync(InodeId inode, bool dataOnly, CancellationToken cancellationToken);

    /// <summary>Opens a directory for listing.</summary>
    ValueTask<FsResult<OpenedFile>> OpenDirectoryAsync(InodeId inode, CancellationToken cancellationToken);

    /// <summary>
    /// Entries after <paramref name="cookie"/>, in cookie order, "." and ".." first; at least one unless at the end.
    /// The memory is the handle's until its next call.
    /// </summary>
    ValueTask<FsResult<ReadOnlyMemory<ListedEntry>>> ReadDirectoryAsync(
        InodeId inode, ulong handle, ulong cookie, bool withAttributes, CancellationToken cancellationToken);

    /// <summary>Ends a listing.</summary>
    void ReleaseDirectory(InodeId inode, ulong handle);

    /// <summary>Space and inodes.</summary>
    ValueTask<FsResult<FileSystemSpace>> GetSpaceAsync(CancellationToken cancellationToken);

    /// <summary>Value of an extended attribute.</summary>
    ValueTask<FsResult<ReadOnlyMemory<byte>>> GetXattrAsync(
        InodeId inode, FsName name, CancellationToken cancellationToken);

    /// <summary>Names of extended attributes, each ended by a NUL.</summary>
    ValueTask<FsResult<ReadOnlyMemory<byte>>> ListXattrAsync(InodeId inode, CancellationToken cancellationToken);

    /// <summary>Sets an extended attribute.</summary>
    ValueTask<FsResult<Nothing>> SetXattrAsync(
        InodeId inode, FsName name, ReadOnlyMemory<byte> value, XattrMode mode, Caller caller,
        CancellationToken cancellationToken);

    /// <summary>Removes an extended attribute.</summary>
    ValueTask<FsResult<Nothing>> RemoveXattrAsync(
        InodeId inode, FsName name, Caller caller, CancellationToken cancellationToken);

    /// <summary>fallocate.</summary>
    ValueTask<FsResult<Nothing>> AllocateAsync(
        InodeId inode, ulong handle, AllocateMode mode, long offset, long length, Caller caller,
        CancellationToken cancellationToken);

    /// <summary>lseek with SEEK_DATA or SEEK_HOLE. Errors: ENXIO.</summary>
    ValueTask<FsResult<long>> SeekAsync(
        InodeId inode, ulong handle, long offset, SeekWhence whence, CancellationToken cancellationToken);

    /// <summary>copy_file_range within the file system; returns bytes copied.</summary>
    ValueTask<FsResult<long>> CopyRangeAsync(
        InodeId source, ulong sourceHandle, long sourceOffset, InodeId target,
        ulong targetHandle, long targetOffset, long length,
        Caller caller, CancellationToken cancellationToken);
}
