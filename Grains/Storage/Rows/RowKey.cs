using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Names a row within its shard. Rows of one kind and owner (the entries of a directory, the extents of a file) are
/// ordered by <paramref name="Item"/>, a signed number, as the tables order them.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Owner">The inode it belongs to; the session of an answer; 0 for what belongs to the shard.</param>
/// <param name="Item">Cookie of a dentry, index of an extent, key of an xattr's name and so on; 0 where there is
/// one.</param>
public readonly record struct RowKey(RowKind Kind, long Owner, long Item)
{
    /// <summary>
    /// Rows per owner that are listed in order, and so need an index of what the tables do not hold yet.
    /// </summary>
    internal bool IsListed => Kind is not (RowKind.Inode or RowKind.Inline or RowKind.Shard);

    public bool Equals(RowKey other) => Item == other.Item && Owner == other.Owner && Kind == other.Kind;

    public override int GetHashCode() => HashCode.Combine(Owner, ((long)Kind << 60) ^ Item);

    public static RowKey Inode(InodeId id) => new(RowKind.Inode, (long)id.Value, 0);

    public static RowKey Dentry(InodeId directory, ulong cookie) =>
        new(RowKind.Dentry, (long)directory.Value, (long)cookie);

    public static RowKey Extent(InodeId id, uint index) => new(RowKind.Extent, (long)id.Value, index);

    public static RowKey Inline(InodeId id) => new(RowKind.Inline, (long)id.Value, 0);

    public static RowKey Xattr(InodeId id, ulong nameKey) => new(RowKind.Xattr, (long)id.Value, (long)nameKey);

    public static RowKey Orphan(InodeId id) => new(RowKind.Orphan, 0, (long)id.Value);

    public static RowKey Session(SessionId id) => new(RowKind.Session, 0, (long)id.Value);

    public static RowKey SessionShard(SessionId id) => new(RowKind.SessionShard, 0, (long)id.Value);

    public static RowKey Answer(SessionId session, ulong number) =>
        new(RowKind.Answer, (long)session.Value, (long)number);

    public static RowKey Counter(CounterKey counter) => new(RowKind.Counter, 0, counter.Value);

    public static RowKey Quota(CounterKey counter) => new(RowKind.Quota, 0, counter.Value);

    public static RowKey Shard => new(RowKind.Shard, 0, 0);

    public override string ToString() => $"{Kind} {Owner}/{Item}";
}
