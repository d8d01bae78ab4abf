namespace ClaudeFs.Client.Nodes;

/// <summary>
/// Files with something to flush, the longest dirty first. An inode in the list is pinned by it. Thread-safe.
/// </summary>
/// <remarks>Lock order: an inode's lock may be held; the lock here is taken last and calls nothing.</remarks>
internal sealed class DirtyList
{
    private readonly Lock _sync = new();
    private readonly LinkedList<CachedInode> _order = new();
    private readonly Dictionary<CachedInode, LinkedListNode<CachedInode>> _places = [];

    /// <summary>Files in the list.</summary>
    public int Count
    {
        get
        {
            lock (_sync) return _places.Count;
        }
    }

    /// <summary>Puts an inode at the end; the caller has it pinned. Nothing when it is there.</summary>
    public void Add(CachedInode inode)
    {
        lock (_sync)
        {
            if (_places.ContainsKey(inode) || !inode.TryPin()) return;
            _places.Add(inode, _order.AddLast(inode));
        }
    }

    /// <summary>Takes an inode out; the caller has it pinned. Nothing when it is not there.</summary>
    public void Remove(CachedInode inode)
    {
        lock (_sync)
        {
            if (!_places.Remove(inode, out var place)) return;
            _order.Remove(place);
        }

        inode.Unpin();
    }

    /// <summary>Copies of the list's first inodes, each pinned for the caller.</summary>
    public List<CachedInode> Pin(int countMax)
    {
        var pinned = new List<CachedInode>();
        lock (_sync)
        {
            foreach (var inode in _order)
            {
                if (pinned.Count == countMax) break;
                if (inode.TryPin()) pinned.Add(inode);
            }
        }

        return pinned;
    }
}
