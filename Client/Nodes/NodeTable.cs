using System.Collections.Concurrent;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Nodes;

/// <summary>
/// The inodes that the client knows. Thread-safe. Whoever gets one has it pinned and unpins it.
/// </summary>
/// <remarks>
/// The fence is a count of the client's own changes: a request notes it when it leaves, and its answer is not learnt
/// for an
/// inode that changed, or left the table, since.
/// </remarks>
internal sealed class NodeTable(Action onOverfull, int inodesMax, int entriesMax)
{
    private const int RemovalSlots = 4096;

    private readonly ConcurrentDictionary<InodeId, CachedInode> _inodes = new();
    private readonly long[] _removedAt = new long[RemovalSlots];
    private readonly EntryTally _tally = new(entriesMax);
    private long _fence;
    private int _count;

    /// <summary>Inodes known.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Names known in all directories.</summary>
    public EntryTally Entries => _tally;

    /// <summary>See the remarks.</summary>
    public long Fence => Volatile.Read(ref _fence);

    /// <summary>All inodes, in no order, while others come and go. Not pinned.</summary>
    public IEnumerable<CachedInode> All => _inodes.Select(static pair => pair.Value);

    /// <summary>Moves the fence; what is in flight is from before.</summary>
    public long MoveFence() => Interlocked.Increment(ref _fence);

    /// <summary>The inode, pinned, if it is known.</summary>
    public CachedInode? Find(InodeId id)
    {
        if (!_inodes.TryGetValue(id, out var inode) || !inode.TryPin()) return null;
        inode.IsUsed = true;
        return inode;
    }

    /// <summary>The inode, pinned, known from here on.</summary>
    public CachedInode Get(InodeId id)
    {
        while (true)
        {
            if (Find(id) is { } known) return known;
            var inode = new CachedInode(id, _tally);
            if (_inodes.TryAdd(id, inode))
            {
                if (Interlocked.Increment(ref _count) > inodesMax) onOverfull();
                return inode;
            }

            if (_inodes.TryGetValue(id, out var other) && other.TryPin())
            {
                other.IsUsed = true;
                return other;
            }
        }
    }

    /// <summary>
    /// Removes an inode on which the caller has the only pin, and takes that pin. False, and the pin stays, when there
    /// are
    /// others.
    /// </summary>
    public bool TryRemove(CachedInode inode)
    {
        Volatile.Write(ref _removedAt[Slot(inode.Id)], MoveFence());
        if (!inode.TryRetire()) return false;
        _inodes.TryRemove(new KeyValuePair<InodeId, CachedInode>(inode.Id, inode));
        Interlocked.Decrement(ref _count);
        return true;
    }

    /// <summary>Whether the inode may have left the table since a request left at <paramref name="fence"/>.</summary>
    public bool MayHaveLeftSince(InodeId id, long fence) => Volatile.Read(ref _removedAt[Slot(id)]) > fence;

    private static int Slot(InodeId id) => (int)((id.Value ^ (id.Value >> InodeId.CounterBits)) % RemovalSlots);
}
