using System.Buffers;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

// Reads: the shard table first, the tables second. Every read adds to the version what its answer rests on.
public sealed partial class Shard
{
    /// <summary>The inode, or null when there is none.</summary>
    public InodeRow? FindInode(InodeId id, ref ReadVersion version) =>
        (InodeRow?)Find(RowKey.Inode(id), ref version);

    /// <summary>The entry with this name, or null.</summary>
    public DentryRow? FindDentry(InodeId directory, FsName name, ref ReadVersion version)
    {
        var first = Store.Hash.FirstKey(name.Bytes);
        if (!Volatile.Read(ref _hasCollisions))
        {
            var row = (DentryRow?)Find(RowKey.Dentry(directory, first), ref version);
            return row is not null && row.Name == name ? row : null;
        }

        foreach (var row in ReadSameHash<DentryRow>(RowKind.Dentry, directory, first, ref version))
        {
            if (row.Name == name) return row;
        }

        return null;
    }

    /// <summary>
    /// The cookie that a new entry with this name gets: to be asked in the turn in which it is put, when no entry has
    /// the name.
    /// </summary>
    public ulong CookieFor(InodeId directory, FsName name)
    {
        var version = default(ReadVersion);
        var first = Store.Hash.FirstKey(name.Bytes);
        var isFree = Find(RowKey.Dentry(directory, first), ref version) is null;
        if (isFree && !Volatile.Read(ref _hasCollisions)) return first;
        return FreeKey<DentryRow>(RowKind.Dentry, directory, first);
    }

    /// <summary>The cookie of a name that is the only one with its hash.</summary>
    internal ulong FirstCookie(FsName name) => Store.Hash.FirstKey(name.Bytes);

    /// <summary>
    /// Entries whose cookie is above <paramref name="afterCookie"/> (0 from the start), in its order; how many. Fewer
    /// than asked for: the end.
    /// </summary>
    public int ReadDentries(InodeId directory, ulong afterCookie, Span<DentryRow> into, ref ReadVersion version) =>
        ReadRange(RowKind.Dentry, (long)directory.Value, (long)afterCookie, into, ref version);

    /// <summary>One extent, or null when it is a hole.</summary>
    public ExtentRow? FindExtent(InodeId id, uint index, ref ReadVersion version) =>
        (ExtentRow?)Find(RowKey.Extent(id, index), ref version);

    /// <summary>
    /// Extents with an index of <paramref name="first"/> and above, ascending; how many. Fewer than asked for: the end.
    /// </summary>
    public int ReadExtents(InodeId id, uint first, Span<ExtentRow> into, ref ReadVersion version) =>
        ReadRange(RowKind.Extent, (long)id.Value, (long)first - 1, into, ref version);

    /// <summary>Content of a file that lives inline, or a symlink's target; null when there is none.</summary>
    public InlineRow? FindInline(InodeId id, ref ReadVersion version) =>
        (InlineRow?)Find(RowKey.Inline(id), ref version);

    /// <summary>An extended attribute, or null.</summary>
    public XattrRow? FindXattr(InodeId id, FsName name, ref ReadVersion version)
    {
        var first = Store.Hash.FirstKey(name.Bytes);
        if (!Volatile.Read(ref _hasCollisions))
        {
            var row = (XattrRow?)Find(RowKey.Xattr(id, first), ref version);
            return row is not null && row.Name == name ? row : null;
        }

        foreach (var row in ReadSameHash<XattrRow>(RowKind.Xattr, id, first, ref version))
        {
            if (row.Name == name) return row;
        }

        return null;
    }

    /// <summary>The key that a new extended attribute with this name gets; as <see cref="CookieFor"/>.</summary>
    public ulong XattrKeyFor(InodeId id, FsName name)
    {
        var version = default(ReadVersion);
        var first = Store.Hash.FirstKey(name.Bytes);
        var isFree = Find(RowKey.Xattr(id, first), ref version) is null;
        if (isFree && !Volatile.Read(ref _hasCollisions)) return first;
        return FreeKey<XattrRow>(RowKind.Xattr, id, first);
    }

    /// <summary>All extended attributes of an inode, in order of their keys.</summary>
    public IReadOnlyList<XattrRow> ReadXattrs(InodeId id, ref ReadVersion version) =>
        ReadWhole<XattrRow>(RowKind.Xattr, (long)id.Value, -1, ref version);

    /// <summary>The orphan's row, or null.</summary>
    public OrphanRow? FindOrphan(InodeId id, ref ReadVersion version) =>
        (OrphanRow?)Find(RowKey.Orphan(id), ref version);

    /// <summary>All orphans of the shard.</summary>
    public IReadOnlyList<OrphanRow> ReadOrphans(ref ReadVersion version) =>
        ReadWhole<OrphanRow>(RowKind.Orphan, 0, long.MinValue, ref version);

    /// <summary>A session's row, or null: sessions are rows of the shard that the caller chose for them.</summary>
    public SessionRow? FindSession(SessionId id, ref ReadVersion version) =>
        (SessionRow?)Find(RowKey.Session(id), ref version);

    /// <summary>All sessions of the shard.</summary>
    public IReadOnlyList<SessionRow> ReadSessions(ref ReadVersion version) =>
        ReadWhole<SessionRow>(RowKind.Session, 0, long.MinValue, ref version);

    /// <summary>Whether the session is known to this shard, or null.</summary>
    public SessionShardRow? FindSessionShard(SessionId id, ref ReadVersion version) =>
        (SessionShardRow?)Find(RowKey.SessionShard(id), ref version);

    /// <summary>Sessions that may hold leases in this shard.</summary>
    public IReadOnlyList<SessionShardRow> ReadSessionShards(ref ReadVersion version) =>
        ReadWhole<SessionShardRow>(RowKind.SessionShard, 0, long.MinValue, ref version);

    /// <summary>This shard's part of a counter, or null.</summary>
    public CounterRow? FindCounter(CounterKey counter, ref ReadVersion version) =>
        (CounterRow?)Find(RowKey.Counter(counter), ref version);

    /// <summary>Limits of a user or group; null when there are none.</summary>
    public QuotaRow? FindQuota(CounterKey counter, ref ReadVersion version) =>
        (QuotaRow?)Find(RowKey.Quota(counter), ref version);

    /// <summary>All limits that are rows of this shard.</summary>
    public IReadOnlyList<QuotaRow> ReadQuotas(ref ReadVersion version) =>
        ReadWhole<QuotaRow>(RowKind.Quota, 0, long.MinValue, ref version);

    private AnswerRow? FindAnswer(in OperationContext op, ref ReadVersion version) =>
        (AnswerRow?)Find(RowKey.Answer(op.Id.Session, op.Id.Number), ref version);

    private Row? Find(in RowKey key, ref ReadVersion version)
    {
        ulong releases;
        lock (_lock)
        {
            if (_table.TryFind(key, out var state)) return Note(state, ref version);
            releases = _releases;
        }

        for (var attempt = 0; attempt < StoreLimits.ReadRetriesMax; attempt++)
        {
            var row = _rows.Find(Id, key);
            lock (_lock)
            {
                if (_table.TryFind(key, out var state)) return Note(state, ref version);
                if (_releases == releases)
                {
                    _table.AddClean(key, row);
                    return row;
                }

                releases = _releases;
            }
        }

        lock (_lock)
        {
            return _table.TryFind(key, out var state) ? Note(state, ref version) : FindLocked(key);
        }
    }

    // Precondition: the lock is held. Reads the tables under it: for rows that are hardly ever missing.
    private Row? FindLocked(in RowKey key)
    {
        if (_table.TryFind(key, out var state)) return state.Row;
        var row = _rows.Find(Id, key);
        _table.AddClean(key, row);
        return row;
    }

    private Row? Note(RowState state, ref ReadVersion version)
    {
        if (state.Sequence > _committed) version.Add(state.Sequence, state.Writer);
        return state.Row;
    }

    private List<TRow> ReadWhole<TRow>(RowKind kind, long owner, long after, ref ReadVersion version)
        where TRow : Row
    {
        var all = new List<TRow>();
        var page = new TRow[StoreLimits.ScanRows];
        int count;
        do
        {
            count = ReadRange(kind, owner, after, page.AsSpan(), ref version);
            all.AddRange(page.AsSpan(0, count));
            if (count > 0) after = page[count - 1].Key.Item;
        }
        while (count == page.Length);
        return all;
    }

    private List<TRow> ReadSameHash<TRow>(RowKind kind, InodeId owner, ulong first, ref ReadVersion version)
        where TRow : Row
    {
        var same = new List<TRow>();
        var after = (long)first - 1;
        var one = new TRow[1];
        while (ReadRange(kind, (long)owner.Value, after, one.AsSpan(), ref version) > 0)
        {
            after = one[0].Key.Item;
            if ((ulong)after > first + NameHash.IndexMax) break;
            same.Add(one[0]);
        }

        return same;
    }

    private ulong FreeKey<TRow>(RowKind kind, InodeId owner, ulong first)
        where TRow : Row
    {
        var version = default(ReadVersion);
        var same = ReadSameHash<TRow>(kind, owner, first, ref version);
        for (var key = first; key <= first + NameHash.IndexMax; key++)
        {
            if (same.Exists(row => row.Key.Item == (long)key)) continue;
            if (key != first) RememberCollision();
            return key;
        }

        throw new FsException(FsError.ENOSPC, $"More than {NameHash.IndexMax + 1} names with one hash");
    }

    private void RememberCollision()
    {
        lock (_lock)
        {
            _isShardRowStale |= !_hasCollisions;
            Volatile.Write(ref _hasCollisions, true);
        }
    }

    // The shard table is looked at before the tables: what leaves it meanwhile is in them by then.
    private int ReadRange<TRow>(RowKind kind, long owner, long after, Span<TRow> into, ref ReadVersion version)
        where TRow : Row
    {
        var keys = ArrayPool<long>.Shared.Rent(StoreLimits.ScanRows);
        var states = ArrayPool<RowState>.Shared.Rent(StoreLimits.ScanRows);
        var rows = ArrayPool<Row>.Shared.Rent(StoreLimits.ScanRows);
        var filled = 0;
        while (filled < into.Length)
        {
            var page = Math.Min(StoreLimits.ScanRows, into.Length - filled + 1);
            var dirtyCount = CopyDirty(kind, owner, after, keys.AsSpan(0, page), states);
            var rowCount = _rows.Scan(Id, kind, owner, after, rows.AsSpan(0, page));
            var dirtyEnd = dirtyCount == page ? keys[dirtyCount - 1] : long.MaxValue;
            var rowsEnd = rowCount == page ? rows[rowCount - 1].Key.Item : long.MaxValue;
            var end = Math.Min(dirtyEnd, rowsEnd);
            var merge = new RangeMerge(
                keys.AsSpan(0, dirtyCount), states.AsSpan(0, dirtyCount), rows.AsSpan(0, rowCount));
            while (filled < into.Length && merge.Next(end, out var state, out var row))
            {
                if (state is not null) row = Note(state, ref version);
                if (row is not null) into[filled++] = (TRow)row;
            }

            if (end == long.MaxValue) break;
            after = end;
        }

        ArrayPool<long>.Shared.Return(keys);
        ArrayPool<RowState>.Shared.Return(states, clearArray: true);
        ArrayPool<Row>.Shared.Return(rows, clearArray: true);
        return filled;
    }

    private int CopyDirty(RowKind kind, long owner, long after, Span<long> keys, Span<RowState> states)
    {
        lock (_lock)
        {
            var count = _table.CopyDirty(kind, owner, after, keys);
            for (var i = 0; i < count; i++)
            {
                Invariant.That(_table.TryFind(new(kind, owner, keys[i]), out var state));
                states[i] = state;
            }

            return count;
        }
    }

    /// <summary>Two ordered lists as one; where both have a key, the shard table's wins.</summary>
    private ref struct RangeMerge(ReadOnlySpan<long> keys, ReadOnlySpan<RowState> states, ReadOnlySpan<Row> rows)
    {
        private readonly ReadOnlySpan<long> _keys = keys;
        private readonly ReadOnlySpan<RowState> _states = states;
        private readonly ReadOnlySpan<Row> _rows = rows;
        private int _dirty;
        private int _row;

        public bool Next(long end, out RowState? state, out Row? row)
        {
            state = null;
            row = null;
            var dirtyKey = _dirty < _keys.Length ? _keys[_dirty] : long.MaxValue;
            var rowKey = _row < _rows.Length ? _rows[_row].Key.Item : long.MaxValue;
            var key = Math.Min(dirtyKey, rowKey);
            if (key > end || (_dirty == _keys.Length && _row == _rows.Length)) return false;
            if (rowKey == key) row = _rows[_row++];
            if (dirtyKey == key) state = _states[_dirty++];
            return true;
        }
    }
}
