using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Rows of one shard in memory: all that are committed or pending but not durably in the tables (dirty, deletions
/// included), and a bounded number of others (clean, absences included). Not thread-safe: its shard holds the lock.
/// Invariants: an entry is dirty until the tables durably hold its newest version; the versions of an entry descend in
/// sequence, the oldest one is the newest committed one (or the first ever); clean entries have one version, are in the
/// list from which they are evicted in second-chance order, and count against the bound.
/// </summary>
internal sealed class ShardTable(CleanBudget budget)
{
    private readonly Dictionary<RowKey, Entry> _entries = [];
    // By kind and owner: keys without an item.
    private readonly Dictionary<RowKey, OrderedKeys> _dirty = [];
    private Entry? _oldestClean;
    private Entry? _newestClean;

    public int Count => _entries.Count;

    public int DirtyCount { get; private set; }

    public long CleanBytes { get; private set; }

    /// <summary>Finds what is known of a key: a row, or null for "not there".</summary>
    public bool TryFind(in RowKey key, [NotNullWhen(true)] out RowState? state)
    {
        if (!_entries.TryGetValue(key, out var entry))
        {
            state = null;
            return false;
        }

        entry.WasHit = true;
        state = entry.Newest;
        return true;
    }

    /// <summary>A new version of a row, or its deletion, by the batch with this sequence.</summary>
    public void Put(in RowKey key, Row? row, ulong sequence, SessionId writer, ulong committed)
    {
        ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out var isKnown);
        if (!isKnown) slot = new(key);
        var entry = slot!;
        if (!entry.IsDirty)
        {
            if (isKnown) Unlink(entry);
            entry.IsDirty = true;
            DirtyCount++;
            if (key.IsListed) DirtyKeys(key).Add(key.Item);
        }

        // Made from what somebody else has pending: nobody's own.
        var before = entry.Newest;
        var isMixed = isKnown && before.Sequence > committed && before.Writer != writer;
        entry.Newest = new(row, sequence, isMixed ? SessionId.None : writer, before);
        Trim(entry.Newest, committed);
    }

    /// <summary>What the tables hold of a key that is not known here.</summary>
    public void AddClean(in RowKey key, Row? row)
    {
        ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_entries, key, out var isKnown);
        if (isKnown) return;
        slot = new(key) { Newest = new(row, 0, SessionId.None, null) };
        Link(slot);
        Evict();
    }

    /// <summary>The tables durably hold this key up to a sequence: an entry with nothing newer becomes clean.</summary>
    public void Release(in RowKey key, ulong durable)
    {
        if (!_entries.TryGetValue(key, out var entry) || !entry.IsDirty) return;
        if (entry.Newest.Sequence > durable)
        {
            Trim(entry.Newest, durable);
            return;
        }

        MakeClean(entry);
        Evict();
    }

    /// <summary>Takes back every version above <paramref name="committed"/>: its append has failed.</summary>
    public void Discard(ulong committed)
    {
        List<Entry>? gone = null;
        foreach (var entry in _entries.Values)
        {
            if (!entry.IsDirty) continue;
            while (entry.Newest is { } newest && newest.Sequence > committed) entry.Newest = newest.Older!;
            if (entry.Newest is null) (gone ??= []).Add(entry);
        }

        foreach (var entry in gone ?? [])
        {
            entry.IsDirty = false;
            DirtyCount--;
            if (entry.Key.IsListed) RemoveDirty(entry.Key);
            _entries.Remove(entry.Key);
        }
    }

    /// <summary>Keys of dirty entries of an owner above <paramref name="after"/>, in order; how many.</summary>
    public int CopyDirty(RowKind kind, long owner, long after, Span<long> into) =>
        _dirty.TryGetValue(new(kind, owner, 0), out var keys) ? keys.CopyAfter(after, into) : 0;

    // Versions older than the newest committed one serve nobody any more.
    private static void Trim(RowState newest, ulong committed)
    {
        for (var state = newest; state is not null; state = state.Older)
        {
            if (state.Sequence > committed) continue;
            state.Older = null;
            return;
        }
    }

    private OrderedKeys DirtyKeys(in RowKey key)
    {
        ref var keys = ref CollectionsMarshal.GetValueRefOrAddDefault(_dirty, key with { Item = 0 }, out _);
        return keys ??= new();
    }

    private void RemoveDirty(in RowKey key)
    {
        var owner = key with { Item = 0 };
        var keys = _dirty[owner];
        keys.Remove(key.Item);
        if (keys.Count == 0) _dirty.Remove(owner);
    }

    private void MakeClean(Entry entry)
    {
        entry.IsDirty = false;
        DirtyCount--;
        if (entry.Key.IsListed) RemoveDirty(entry.Key);
        entry.Newest.Older = null;
        Link(entry);
    }

    private void Link(Entry entry)
    {
        entry.Previous = _newestClean;
        entry.Next = null;
        if (_newestClean is null) _oldestClean = entry;
        else _newestClean.Next = entry;
        _newestClean = entry;
        Charge(entry, 1);
    }

    private void Unlink(Entry entry)
    {
        if (entry.Previous is null) _oldestClean = entry.Next;
        else entry.Previous.Next = entry.Next;
        if (entry.Next is null) _newestClean = entry.Previous;
        else entry.Next.Previous = entry.Previous;
        entry.Previous = entry.Next = null;
        Charge(entry, -1);
    }

    private void Charge(Entry entry, int sign)
    {
        var bytes = sign * (Entry.OverheadBytes + (entry.Newest.Row?.CostBytes ?? 0));
        CleanBytes += bytes;
        budget.Add(bytes);
    }

    private void Evict()
    {
        while (budget.IsExceeded && CleanBytes > StoreLimits.ShardCleanRowsBytesMin && _oldestClean is { } entry)
        {
            Unlink(entry);
            if (entry.WasHit)
            {
                entry.WasHit = false;
                Link(entry);
            }
            else
            {
                _entries.Remove(entry.Key);
            }
        }
    }

    private sealed class Entry(RowKey key)
    {
        // The entry, its version and its place in the dictionary.
        public const int OverheadBytes = 200;

        public readonly RowKey Key = key;
        public RowState Newest = null!;
        public bool IsDirty;
        public bool WasHit;
        public Entry? Previous;
        public Entry? Next;
    }
}

/// <summary>One version of a row; a null row is "not there".</summary>
internal sealed class RowState(Row? row, ulong sequence, SessionId writer, RowState? older)
{
    public readonly Row? Row = row;
    public readonly ulong Sequence = sequence;
    public readonly SessionId Writer = writer;
    public RowState? Older = older;
}

/// <summary>The bound on clean rows that all shards of a store share. Thread-safe.</summary>
internal sealed class CleanBudget(long bytesMax)
{
    private long _bytes;

    public bool IsExceeded => Volatile.Read(ref _bytes) > bytesMax;

    public long Bytes => Volatile.Read(ref _bytes);

    public void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
