using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.NullDaemon;

/// <summary>
/// A file system in dictionaries behind one lock: what a FUSE daemon costs when it has nothing to do, and what the FUSE
/// host is tested with. Permissions are the kernel's (default_permissions).
/// </summary>
public partial class MemoryFileSystem : IFileSystem
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, MemoryNode> _nodes = [];
    private readonly TimeProvider _time;
    private readonly TimeSpan _entryTtl;
    private readonly TimeSpan _attributesTtl;
    private ulong _lastInode = InodeId.Root.Value;
    private ulong _lastHandle;

    /// <summary>With an empty root directory. The times are what the kernel may keep names and attributes.</summary>
    public MemoryFileSystem(TimeProvider time, TimeSpan entryTtl, TimeSpan attributesTtl)
    {
        _time = time;
        _entryTtl = entryTtl;
        _attributesTtl = attributesTtl;
        var now = Now;
        _nodes.Add(InodeId.Root.Value, new(InodeId.Root, FileMode.Directory | 0x1FF)
        {
            Parent = InodeId.Root, Atime = now, Mtime = now, Ctime = now, Btime = now,
        });
    }

    /// <inheritdoc />
    public IInvalidationSink InvalidationSink { get; set; } = null!;

    private Stamp Now => Stamp.Of(_time.GetUtcNow());

    /// <inheritdoc />
    public virtual ValueTask<FsResult<Node>> LookupAsync(
        InodeId parent, FsName name, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!TryGetDirectory(parent, out var directory, out var error)) return new((FsResult<Node>)error);
            return new((FsResult<Node>)(directory.Entries!.TryFind(name, out var entry)
                ? ToNode(entry.Node)
                : new(default, _entryTtl, TimeSpan.Zero)));
        }
    }

    /// <inheritdoc />
    public virtual void Forget(InodeId inode)
    {
        lock (_gate)
        {
            if (_nodes.TryGetValue(inode.Value, out var node) && node.Nlink == 0) _nodes.Remove(inode.Value);
        }
    }

    /// <inheritdoc />
    public virtual ValueTask<FsResult<Node>> GetAttributesAsync(InodeId inode, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return new((FsResult<Node>)(_nodes.TryGetValue(inode.Value, out var node) ? ToNode(node) : FsError.ESTALE));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<Node>> SetAttributesAsync(
        InodeId inode, AttributesChange change, Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return new((FsResult<Node>)FsError.ESTALE);
            var mask = change.Mask;
            if (mask.HasFlag(AttributeMask.KillPrivileges)) KillPrivileges(node);
            if (mask.HasFlag(AttributeMask.Mode)) node.Mode = (node.Mode & FileMode.TypeMask) | change.Mode;
            if (mask.HasFlag(AttributeMask.Uid)) node.Uid = change.Uid;
            if (mask.HasFlag(AttributeMask.Gid)) node.Gid = change.Gid;
            node.Ctime = Now;
            if (mask.HasFlag(AttributeMask.Size))
            {
                if (change.SizeBytes > Limits.FileBytesMax) return new((FsResult<Node>)FsError.EFBIG);
                node.Content.Truncate((long)change.SizeBytes);
                node.Mtime = node.Ctime;
            }

            if (mask.HasFlag(AttributeMask.Atime)) node.Atime = change.Atime;
            if (mask.HasFlag(AttributeMask.Mtime)) node.Mtime = change.Mtime;
            if (mask.HasFlag(AttributeMask.AtimeNow)) node.Atime = node.Ctime;
            if (mask.HasFlag(AttributeMask.MtimeNow)) node.Mtime = node.Ctime;
            return new((FsResult<Node>)ToNode(node));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(InodeId inode, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return new(
                (FsResult<ReadOnlyMemory<byte>>)(
                    _nodes.TryGetValue(inode.Value, out var node) ? node.Target : FsError.ESTALE));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<FileSystemSpace>> GetSpaceAsync(CancellationToken cancellationToken) =>
        new((FsResult<FileSystemSpace>)new FileSystemSpace(1UL << 40, 1UL << 39, 1 << 20, 1 << 19));

    /// <inheritdoc />
    public ValueTask<FsResult<ReadOnlyMemory<byte>>> GetXattrAsync(
        InodeId inode, FsName name, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return new(
                (FsResult<ReadOnlyMemory<byte>>)FsError.ESTALE);
            return new(
                (FsResult<ReadOnlyMemory<byte>>)(
                    node.Xattrs is not null && node.Xattrs.TryGetValue(name.ToString(), out var value)
                ? (ReadOnlyMemory<byte>)value
                : FsError.ENODATA));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<ReadOnlyMemory<byte>>> ListXattrAsync(InodeId inode, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return new(
                (FsResult<ReadOnlyMemory<byte>>)FsError.ESTALE);
            var names = string.Concat((node.Xattrs?.Keys ?? Enumerable.Empty<string>()).Select(name => name + "\0"));
            return new((FsResult<ReadOnlyMemory<byte>>)(ReadOnlyMemory<byte>)System.Text.Encoding.UTF8.GetBytes(names));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> SetXattrAsync(
        InodeId inode, FsName name, ReadOnlyMemory<byte> value, XattrMode mode, Caller caller,
        CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return AnswerAsync(FsError.ESTALE);
            node.Xattrs ??= new(StringComparer.Ordinal);
            var exists = node.Xattrs.ContainsKey(name.ToString());
            if (mode == XattrMode.Create && exists) return AnswerAsync(FsError.EEXIST);
            if (mode == XattrMode.Replace && !exists) return AnswerAsync(FsError.ENODATA);
            node.Xattrs[name.ToString()] = value.ToArray();
            node.Ctime = Now;
            return AnswerAsync(FsError.None);
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> RemoveXattrAsync(
        InodeId inode, FsName name, Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return AnswerAsync(FsError.ESTALE);
            return AnswerAsync(node.Xattrs?.Remove(name.ToString()) == true ? FsError.None : FsError.ENODATA);
        }
    }

    private static ValueTask<FsResult<Nothing>> AnswerAsync(FsError error) =>
        new(new FsResult<Nothing>(default, error));

    private static void KillPrivileges(MemoryNode node)
    {
        if (FileMode.IsDirectory(node.Mode)) return;
        node.Mode &= ~FileMode.SetUid;
        if ((node.Mode & 8) != 0) node.Mode &= ~FileMode.SetGid; // the group may execute
    }

    private Node ToNode(MemoryNode node) => new(node.Attributes, _entryTtl, _attributesTtl);

    private bool TryGetDirectory(
        InodeId inode, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out MemoryNode? directory, out FsError error)
    {
        error = !_nodes.TryGetValue(inode.Value, out directory) ? FsError.ESTALE
            : directory.Entries is null ? FsError.ENOTDIR : FsError.None;
        return error == FsError.None;
    }
}
