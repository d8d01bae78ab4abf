using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>An inode and what was found to point at it.</summary>
internal sealed class CheckedInode(InodeRow row)
{
    public InodeRow Row { get; } = row;

    /// <summary>Entries that name it.</summary>
    public uint Links { get; set; }

    /// <summary>Of a directory: entries in it.</summary>
    public ulong Entries { get; set; }

    /// <summary>Of a directory: directories in it.</summary>
    public uint Directories { get; set; }

    /// <summary>Of a directory: where the last entry that names it is.</summary>
    public InodeId FoundIn { get; set; }

    public bool IsOrphan { get; set; }

    public ulong StoredBytes { get; set; }

    public bool HasInline { get; set; }

    public bool HasExtents { get; set; }
}

/// <summary>Entries, links, directories and orphans.</summary>
internal sealed class TreeCheck(List<CheckFinding> findings, NameHash hash)
{
    private readonly HashSet<InodeId> _reachesRoot = [InodeId.Root];

    public Dictionary<InodeId, CheckedInode> Inodes { get; } = [];

    public long EntryCount { get; private set; }

    public void AddInode(ShardId shard, InodeRow row)
    {
        if (row.Inode.Shard != shard)
        {
            Error("An inode lies in another shard than its number says", $"inode {row.Inode} in shard {shard}",
                "Report it: no operation puts it there");
        }

        Inodes[row.Inode] = new(row);
    }

    public void AddEntry(ShardId shard, DentryRow row)
    {
        EntryCount++;
        var where = $"entry '{row.Name}' of directory {row.Directory}";
        if (row.Directory.Shard != shard || row.Cookie - hash.FirstKey(row.Name.Bytes) > NameHash.IndexMax)
        {
            Error("An entry lies where no lookup finds it", where,
                "Rename cannot help; copy its file by inode and remove it");
        }

        if (!Inodes.TryGetValue(row.Directory, out var directory) || !directory.Row.Attributes.IsDirectory)
        {
            Error("An entry is in what is no directory", where, "The entry can be dropped");
            directory = null;
        }

        if (directory is not null) directory.Entries++;
        if (!Inodes.TryGetValue(row.Child, out var child))
        {
            Error("An entry names an inode that is not there", $"{where}, inode {row.Child}",
                "The entry can be dropped");
            return;
        }

        child.Links++;
        if (row.Type != FileMode.DirentType(child.Row.Attributes.Mode))
        {
            Error("An entry's type differs from its inode's", $"{where}, inode {row.Child}", "Rewrite the entry");
        }

        if (!child.Row.Attributes.IsDirectory) return;
        child.FoundIn = row.Directory;
        if (directory is not null) directory.Directories++;
    }

    public void AddOrphan(OrphanRow row)
    {
        if (Inodes.TryGetValue(row.Inode, out var inode))
        {
            inode.IsOrphan = true;
            if (inode.Row.Attributes.Nlink == 0) return;
        }

        Error("An orphan's row is of an inode that has names or is not there", $"inode {row.Inode}",
            "Drop the orphan's row");
    }

    public void Finish()
    {
        if (!Inodes.TryGetValue(InodeId.Root, out var root) || !root.Row.Attributes.IsDirectory)
        {
            Error("The root directory is missing", "inode 1", "Restore a backup");
        }

        foreach (var inode in Inodes.Values)
        {
            if (inode.Row.Attributes.IsDirectory) CheckDirectory(inode);
            else CheckFile(inode);
        }
    }

    private void CheckFile(CheckedInode inode)
    {
        var (id, nlink) = (inode.Row.Inode, inode.Row.Attributes.Nlink);
        if (inode.Links == 0 && !inode.IsOrphan)
        {
            Error("An inode has no name and is no orphan", $"inode {id}", "Free its space, or make a name for it");
        }
        else if (nlink != inode.Links)
        {
            Error($"An inode's link count is {nlink}, but {inode.Links} entries name it", $"inode {id}",
                "Correct the count");
        }
    }

    private void CheckDirectory(CheckedInode inode)
    {
        var (id, attributes) = (inode.Row.Inode, inode.Row.Attributes);
        var where = $"directory {id}";
        if (id == InodeId.Root ? inode.Links != 0 : inode.Links != 1 && !inode.IsOrphan)
        {
            Error($"A directory has {inode.Links} names", where, inode.Links == 0 ? "Make a name for it"
                : "Keep one of them");
        }

        if (inode.IsOrphan) return;
        if (attributes.Nlink != 2 + inode.Directories)
        {
            Error($"A directory's link count is {attributes.Nlink}, but it has {inode.Directories} directories", where,
                "Correct the count");
        }

        if (attributes.SizeBytes != inode.Entries)
        {
            Error($"A directory's size is {attributes.SizeBytes}, but it has {inode.Entries} entries", where,
                "Correct the size");
        }

        var parent = id == InodeId.Root ? InodeId.Root : inode.FoundIn;
        if (inode.Row.Parent != parent)
        {
            Error($"A directory names {inode.Row.Parent} as its parent, but is in {parent}", where,
                "Correct the parent");
        }

        if (!ReachesRoot(inode)) Error("A directory cannot be reached from the root", where,
            "Move it back under the root");
    }

    private bool ReachesRoot(CheckedInode inode)
    {
        var path = new HashSet<InodeId>();
        var at = inode;
        while (!_reachesRoot.Contains(at.Row.Inode))
        {
            if (!path.Add(at.Row.Inode) || !Inodes.TryGetValue(at.FoundIn, out var above)) return false;
            at = above;
        }

        _reachesRoot.UnionWith(path);
        return true;
    }

    private void Error(string what, string where, string advice) =>
        findings.Add(new(CheckSeverity.Error, what, where, advice));
}
