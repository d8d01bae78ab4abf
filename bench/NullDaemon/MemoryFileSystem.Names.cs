using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.NullDaemon;

/// <summary>Names and directories.</summary>
public partial class MemoryFileSystem
{
    private const int ListedMax = 256;
    private const int OpenExclusive = 0x80;
    private readonly Dictionary<ulong, ListedEntry[]> _listings = [];

    /// <inheritdoc />
    public ValueTask<FsResult<Node>> MakeAsync(
        InodeId parent, FsName name, uint mode, uint rdev, ReadOnlyMemory<byte> target, Caller caller,
        CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var error = TryMake(parent, name, mode, rdev, target, caller, out var node);
            return new(error == FsError.None ? ToNode(node!) : (FsResult<Node>)error);
        }
    }

    /// <inheritdoc />
    public virtual ValueTask<FsResult<(Node Node, OpenedFile File)>> CreateAsync(
        InodeId parent, FsName name, uint mode, int openFlags, Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var error = TryMake(parent, name, mode, 0, default, caller, out var node);
            if (error == FsError.EEXIST && (openFlags & OpenExclusive) == 0 && FileMode.IsRegular(node!.Mode)) error =
                FsError.None;
            if (error != FsError.None) return new((FsResult<(Node, OpenedFile)>)error);
            if ((openFlags & OpenTruncate) != 0) node!.Content.Truncate(0);
            return new((FsResult<(Node, OpenedFile)>)(ToNode(node!), new OpenedFile(++_lastHandle, KeepCache: false)));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<Node>> LinkAsync(
        InodeId target, InodeId newParent, FsName newName, Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!TryGetDirectory(newParent, out var directory, out var error)) return new((FsResult<Node>)error);
            if (!_nodes.TryGetValue(target.Value, out var node)) return new((FsResult<Node>)FsError.ESTALE);
            if (directory.Entries!.TryFind(newName, out _)) return new((FsResult<Node>)FsError.EEXIST);
            directory.Entries.Add(newName, node);
            node.Nlink++;
            Touch(directory, node);
            return new((FsResult<Node>)ToNode(node));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> UnlinkAsync(
        InodeId parent, FsName name, Caller caller, CancellationToken cancellationToken) =>
            AnswerAsync(Remove(parent, name, isDirectory: false));

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> RemoveDirectoryAsync(
        InodeId parent, FsName name, Caller caller, CancellationToken cancellationToken) =>
            AnswerAsync(Remove(parent, name, isDirectory: true));

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> RenameAsync(
        InodeId parent, FsName name, InodeId newParent, FsName newName, RenameFlags flags, Caller caller,
        CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!TryGetDirectory(parent, out var from, out var error)
                || !TryGetDirectory(newParent, out var to, out error))
            {
                return AnswerAsync(error);
            }

            if (!from.Entries!.TryFind(name, out var source)) return AnswerAsync(FsError.ENOENT);
            to.Entries!.TryFind(newName, out var target);
            if (flags == RenameFlags.Exchange) return AnswerAsync(Exchange(from, source, to, target));
            if (target is not null)
            {
                if (flags == RenameFlags.NoReplace) return AnswerAsync(FsError.EEXIST);
                if (ReferenceEquals(target.Node, source.Node)) return AnswerAsync(FsError.None);
                error = Replace(to, target, source.Node);
                if (error != FsError.None) return AnswerAsync(error);
            }

            from.Entries.Remove(source);
            Attach(to, newName, source.Node, from);
            Touch(from, source.Node);
            Touch(to, source.Node);
            return AnswerAsync(FsError.None);
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<OpenedFile>> OpenDirectoryAsync(InodeId inode, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var handle = ++_lastHandle;
            _listings.Add(handle, new ListedEntry[ListedMax]);
            return new((FsResult<OpenedFile>)new OpenedFile(handle, KeepCache: false));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<ReadOnlyMemory<ListedEntry>>> ReadDirectoryAsync(
        InodeId inode, ulong handle, ulong cookie, bool withAttributes, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!TryGetDirectory(inode, out var directory, out var error)) return new(
                (FsResult<ReadOnlyMemory<ListedEntry>>)error);
            if (!_listings.TryGetValue(handle, out var listing)) return new(
                (FsResult<ReadOnlyMemory<ListedEntry>>)FsError.EBADF);
            var count = 0;
            const byte Kind = 4;
            if (cookie < 1) listing[count++] = new("."u8.ToArray(), inode, Kind, 1, default);
            if (cookie < 2) listing[count++] = new(".."u8.ToArray(), directory.Parent, Kind, 2, default);
            foreach (var entry in directory.Entries!.After(cookie))
            {
                if (count == listing.Length) break;
                listing[count++] =
                    new(entry.Name.Bytes.ToArray(), entry.Node.Id, FileMode.DirentType(entry.Node.Mode), entry.Cookie,
                    withAttributes ? ToNode(entry.Node) : default);
            }

            return new((FsResult<ReadOnlyMemory<ListedEntry>>)new ReadOnlyMemory<ListedEntry>(listing, 0, count));
        }
    }

    /// <inheritdoc />
    public void ReleaseDirectory(InodeId inode, ulong handle)
    {
        lock (_gate) _listings.Remove(handle);
    }

    private FsError TryMake(
        InodeId parent, FsName name, uint mode, uint rdev, ReadOnlyMemory<byte> target, Caller caller,
            out MemoryNode? node)
    {
        node = null;
        if (!TryGetDirectory(parent, out var directory, out var error)) return error;
        if (directory.Entries!.TryFind(name, out var existing))
        {
            node = existing.Node;
            return FsError.EEXIST;
        }

        if (directory.Nlink == 0) return FsError.ENOENT;
        var inherits = (directory.Mode & FileMode.SetGid) != 0;
        if (inherits && FileMode.IsDirectory(mode)) mode |= FileMode.SetGid;
        var now = Now;
        node = new(new(++_lastInode), mode)
        {
            Uid = caller.Uid, Gid = inherits ? directory.Gid
                : caller.Gid, Rdev = rdev, Target = target.ToArray(), Parent = parent,
            Atime = now, Mtime = now, Ctime = now, Btime = now,
        };
        _nodes.Add(node.Id.Value, node);
        directory.Entries.Add(name, node);
        if (FileMode.IsDirectory(mode)) directory.Nlink++;
        directory.Mtime = directory.Ctime = now;
        return FsError.None;
    }

    private FsError Remove(InodeId parent, FsName name, bool isDirectory)
    {
        lock (_gate)
        {
            if (!TryGetDirectory(parent, out var directory, out var error)) return error;
            if (!directory.Entries!.TryFind(name, out var entry)) return FsError.ENOENT;
            if (isDirectory != entry.Node.Entries is not null) return isDirectory ? FsError.ENOTDIR : FsError.EISDIR;
            return Detach(directory, entry);
        }
    }

    private FsError Replace(MemoryNode directory, MemoryEntry target, MemoryNode source)
    {
        if (source.Entries is not null && target.Node.Entries is null) return FsError.ENOTDIR;
        if (source.Entries is null && target.Node.Entries is not null) return FsError.EISDIR;
        return Detach(directory, target);
    }

    private FsError Detach(MemoryNode directory, MemoryEntry entry)
    {
        if (entry.Node.Entries is { Count: > 0 }) return FsError.ENOTEMPTY;
        directory.Entries!.Remove(entry);
        if (entry.Node.Entries is not null)
        {
            directory.Nlink--;
            entry.Node.Nlink = 0;
        }
        else
        {
            entry.Node.Nlink--;
        }

        Touch(directory, entry.Node);
        return FsError.None;
    }

    private FsError Exchange(MemoryNode from, MemoryEntry source, MemoryNode to, MemoryEntry? target)
    {
        if (target is null) return FsError.ENOENT;
        from.Entries!.Remove(source);
        to.Entries!.Remove(target);
        Attach(to, target.Name, source.Node, from);
        Attach(from, source.Name, target.Node, to);
        Touch(from, source.Node);
        Touch(to, target.Node);
        return FsError.None;
    }

    private static void Attach(MemoryNode to, FsName name, MemoryNode node, MemoryNode from)
    {
        to.Entries!.Add(name, node);
        if (node.Entries is null) return;
        node.Parent = to.Id;
        from.Nlink--;
        to.Nlink++;
    }

    private void Touch(MemoryNode directory, MemoryNode node) => directory.Mtime = directory.Ctime = node.Ctime = Now;
}
