using ClaudeFs.Primitives;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Model;

/// <summary>What an inode of the model is; what stat shows of times is checked by whether they moved.</summary>
internal sealed class ModelNode(int number, uint mode, uint uid, uint gid)
{
    public int Number => number;

    /// <summary>Set when the system has answered.</summary>
    public InodeId Inode { get; set; }

    public uint Mode { get; set; } = mode;

    public uint Uid { get; set; } = uid;

    public uint Gid { get; set; } = gid;

    public uint Nlink { get; set; }

    public ulong SizeBytes { get; set; }

    public string? Target { get; init; }

    public ModelNode? Parent { get; set; }

    public SortedDictionary<string, ModelNode> Entries { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, byte> Xattrs { get; } = new(StringComparer.Ordinal);

    /// <summary>Sessions that have the orphan open.</summary>
    public HashSet<ulong> Holders { get; } = [];

    public bool IsCtimeMoved { get; set; }

    public bool IsMtimeMoved { get; set; }

    public InodeAttributes Last { get; set; }

    public bool IsDirectory => FileMode.IsDirectory(Mode);

    public bool IsRegular => FileMode.IsRegular(Mode);

    public void Change() => IsCtimeMoved = true;

    public void Modify() => IsCtimeMoved = IsMtimeMoved = true;
}

/// <summary>
/// POSIX names, links, sizes and errors in memory: written from man pages and fs/namei.c, not from the grains.
/// </summary>
internal sealed class PosixModel
{
    private int _nodes;

    public PosixModel()
    {
        Root = New(FileMode.Directory | 0x1ED, 0, 0);
        Root.Nlink = 2;
        Root.Parent = Root;
        Root.Inode = InodeId.Root;
    }

    public ModelNode Root { get; }

    /// <summary>All inodes that exist, orphans too.</summary>
    public List<ModelNode> Nodes { get; } = [];

    public FsError Make(
        ModelNode directory, string name, uint mode, string? target, Caller caller, out ModelNode? made)
    {
        made = null;
        if (!directory.IsDirectory) return FsError.ENOTDIR;
        if (directory.Nlink == 0) return FsError.ENOENT;
        if (directory.Entries.ContainsKey(name)) return FsError.EEXIST;
        var gid = caller.Gid;
        if ((directory.Mode & FileMode.SetGid) != 0)
        {
            gid = directory.Gid;
            if (FileMode.IsDirectory(mode)) mode |= FileMode.SetGid;
        }

        if (target is not null) mode = FileMode.Symlink | 0x1FF;
        made = new ModelNode(_nodes++, mode, caller.Uid, gid)
        {
            Nlink = FileMode.IsDirectory(mode) ? 2u : 1u,
            Target = target,
            SizeBytes = (ulong)(target?.Length ?? 0),
            Parent = FileMode.IsDirectory(mode) ? directory : null,
        };
        Nodes.Add(made);
        Enter(directory, name, made);
        directory.Modify();
        return FsError.None;
    }

    public static FsError Link(ModelNode directory, string name, ModelNode target)
    {
        if (directory.Nlink == 0) return FsError.ENOENT;
        if (directory.Entries.ContainsKey(name)) return FsError.EEXIST;
        if (target.IsDirectory) return FsError.EPERM;
        if (target.Nlink == 0) return FsError.ENOENT;
        target.Nlink++;
        target.Change();
        Enter(directory, name, target);
        directory.Modify();
        return FsError.None;
    }

    public static FsError Remove(ModelNode directory, string name, bool isRmdir, Caller caller, ulong session)
    {
        if (directory.Nlink == 0) return FsError.ENOENT;
        if (!directory.Entries.TryGetValue(name, out var victim)) return FsError.ENOENT;
        if (IsSticky(directory, victim, caller)) return FsError.EPERM;
        if (isRmdir && !victim.IsDirectory) return FsError.ENOTDIR;
        if (!isRmdir && victim.IsDirectory) return FsError.EISDIR;
        if (isRmdir && victim.Entries.Count > 0) return FsError.ENOTEMPTY;
        Leave(directory, name);
        directory.Modify();
        Unlink(victim, session);
        return FsError.None;
    }

    public static FsError Rename(ModelNode from, string name, ModelNode to, string newName, RenameFlags flags,
        Caller caller,
        ulong session, out ModelNode? moved, out ModelNode? replaced)
    {
        moved = replaced = null;
        if (from.Nlink == 0 || to.Nlink == 0) return FsError.ENOENT;
        if (!from.Entries.TryGetValue(name, out var source)) return FsError.ENOENT;
        to.Entries.TryGetValue(newName, out var target);
        if (flags == RenameFlags.NoReplace && target is not null) return FsError.EEXIST;
        if (flags == RenameFlags.Exchange && target is null) return FsError.ENOENT;
        if (source.IsDirectory && IsWithin(to, source)) return FsError.EINVAL;
        if (target is { IsDirectory: true } && from != to && IsWithin(from, target))
        {
            return flags == RenameFlags.Exchange ? FsError.EINVAL : FsError.ENOTEMPTY;
        }

        moved = source;
        if (source == target) return FsError.None;
        var error = CheckRename(from, source, to, target, flags, caller);
        if (error != FsError.None) return error;
        replaced = target;
        Leave(from, name);
        if (target is not null) Leave(to, newName);
        Enter(to, newName, source);
        if (flags == RenameFlags.Exchange) Enter(from, name, target!);
        from.Modify();
        to.Modify();
        source.Change();
        if (flags == RenameFlags.Exchange) target!.Change();
        else if (target is not null) Unlink(target, session);
        return FsError.None;
    }

    public static FsError Truncate(ModelNode node, ulong sizeBytes)
    {
        if (node.IsDirectory) return FsError.EISDIR;
        if (!node.IsRegular) return FsError.EINVAL;
        node.SizeBytes = sizeBytes;
        node.Modify();
        return FsError.None;
    }

    /// <summary>A session closes an orphan; the inode goes with the last.</summary>
    public void Forget(ModelNode node, ulong session)
    {
        if (node.Nlink > 0 || !node.Holders.Remove(session) || node.Holders.Count > 0) return;
        Nodes.Remove(node);
    }

    private static FsError CheckRename(
        ModelNode from, ModelNode source, ModelNode to, ModelNode? target, RenameFlags flags, Caller caller)
    {
        if (IsSticky(from, source, caller)) return FsError.EPERM;
        if (target is null) return FsError.None;
        if (IsSticky(to, target, caller)) return FsError.EPERM;
        if (flags == RenameFlags.Exchange) return FsError.None;
        if (source.IsDirectory && !target.IsDirectory) return FsError.ENOTDIR;
        if (!source.IsDirectory && target.IsDirectory) return FsError.EISDIR;
        return target.IsDirectory && target.Entries.Count > 0 ? FsError.ENOTEMPTY : FsError.None;
    }

    private static bool IsWithin(ModelNode? directory, ModelNode ancestor)
    {
        for (; directory is not null; directory = directory == directory.Parent ? null : directory.Parent)
        {
            if (directory == ancestor) return true;
        }

        return false;
    }

    private static bool IsSticky(ModelNode directory, ModelNode child, Caller caller) =>
        (directory.Mode & FileMode.Sticky) != 0 && caller.Uid != 0 && caller.Uid != directory.Uid
        && caller.Uid != child.Uid;

    private static void Enter(ModelNode directory, string name, ModelNode child)
    {
        directory.Entries.Add(name, child);
        directory.SizeBytes++;
        if (!child.IsDirectory) return;
        directory.Nlink++;
        child.Parent = directory;
    }

    private static void Leave(ModelNode directory, string name)
    {
        if (!directory.Entries.Remove(name, out var child)) return;
        directory.SizeBytes--;
        if (child.IsDirectory) directory.Nlink--;
    }

    private static void Unlink(ModelNode victim, ulong session)
    {
        victim.Nlink = victim.IsDirectory ? 0 : victim.Nlink - 1;
        victim.Change();
        if (victim.Nlink == 0) victim.Holders.Add(session);
    }

    private ModelNode New(uint mode, uint uid, uint gid)
    {
        var node = new ModelNode(_nodes++, mode, uid, gid);
        Nodes.Add(node);
        return node;
    }
}
