using System.Collections.Immutable;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>A row of the metadata; immutable, so that it is shared freely and read without a copy.</summary>
/// <param name="From">Stamp of the batch that wrote it.</param>
public abstract record Row(Stamp From)
{
    public abstract RowKey Key { get; }

    /// <summary>About what it takes in memory: what the cache's bound counts.</summary>
    internal abstract int CostBytes { get; }
}

/// <summary>Identity and attributes of an inode.</summary>
/// <param name="Attributes">What stat shows.</param>
/// <param name="Parent">Of a directory: the directory it is in (itself for the root); None for all else.</param>
/// <param name="From">Stamp of the batch that wrote it.</param>
public sealed record InodeRow(InodeAttributes Attributes, InodeId Parent, Stamp From) : Row(From)
{
    public InodeId Inode => Attributes.Inode;

    public override RowKey Key => RowKey.Inode(Attributes.Inode);

    internal override int CostBytes => 192;
}

/// <summary>
/// An entry of a directory.
/// </summary>
/// <param name="Directory">The directory.</param>
/// <param name="Name">Its name there.</param>
/// <param name="Cookie">Hash of the name (52 bits) * 256 + index among equal hashes; from Shard.CookieFor.</param>
/// <param name="Child">The inode named.</param>
/// <param name="Type">Its type as readdir gives it (d_type).</param>
/// <param name="From">Stamp of the batch that wrote it.</param>
public sealed record DentryRow(
    InodeId Directory, FsName Name, ulong Cookie, InodeId Child, byte Type, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Dentry(Directory, Cookie);

    internal override int CostBytes => 112 + Name.Length;
}

/// <summary>Whole content of a file of up to 4 KiB, or the target of a symlink.</summary>
public sealed record InlineRow(InodeId Inode, byte[] Bytes, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Inline(Inode);

    internal override int CostBytes => 72 + Bytes.Length;
}

/// <summary>An extended attribute; <paramref name="NameKey"/> comes from Shard.XattrKeyFor.</summary>
public sealed record XattrRow(InodeId Inode, FsName Name, ulong NameKey, byte[] Value, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Xattr(Inode, NameKey);

    internal override int CostBytes => 144 + Name.Length + Value.Length;
}

/// <summary>An inode without a name that sessions still have open.</summary>
public sealed record OrphanRow(InodeId Inode, ImmutableArray<SessionId> Holders, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Orphan(Inode);

    internal override int CostBytes => 96 + (8 * Holders.Length);
}

/// <summary>A client's session, open.</summary>
public sealed record SessionRow(SessionId Session, string ClientName, bool IsEmbedded, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Session(Session);

    internal override int CostBytes => 96 + (2 * ClientName.Length);
}

/// <summary>A session may hold leases in this shard: a new owner calls it.</summary>
public sealed record SessionShardRow(SessionId Session, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.SessionShard(Session);

    internal override int CostBytes => 64;
}

/// <summary>This shard's part of a counter.</summary>
public sealed record CounterRow(CounterKey Counter, long Bytes, long Inodes, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Counter(Counter);

    internal override int CostBytes => 88;
}

/// <summary>Hard limits of a user or group.</summary>
public sealed record QuotaRow(CounterKey Counter, QuotaLimits Limits, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Quota(Counter);

    internal override int CostBytes => 88;
}

/// <summary>What a shard must not forget.</summary>
/// <param name="Shard">Which.</param>
/// <param name="InodeCeiling">Counters of inodes from here on were never given out.</param>
/// <param name="HasCollisions">Two names of one owner have had the same hash: names are looked for by range.</param>
/// <param name="From">Stamp of the batch that wrote it.</param>
public sealed record ShardRow(ShardId Shard, ulong InodeCeiling, bool HasCollisions, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Shard;

    internal override int CostBytes => 72;
}
