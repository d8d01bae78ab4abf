namespace ClaudeFs.Client.Nodes;

/// <summary>One listing: the page it stands in. Used by one call at a time, as the kernel locks it.</summary>
internal sealed class DirectoryHandle(ulong id, CachedInode inode)
{
    /// <summary>Its number; never 0.</summary>
    public ulong Id { get; } = id;

    /// <summary>Which directory, pinned.</summary>
    public CachedInode Inode { get; } = inode;

    /// <summary>The last page, and where each of its entries goes on.</summary>
    public ListedEntry[] Page { get; set; } = [];

    /// <summary>The cookie after which the page begins.</summary>
    public ulong PageAfter { get; set; }

    /// <summary>Whether the page came with attributes.</summary>
    public bool HasAttributes { get; set; }

    /// <summary>The page ends the listing.</summary>
    public bool IsLast { get; set; }

    /// <summary>The page is there.</summary>
    public bool HasPage { get; set; }
}
