using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// All rows of a file system in memory, to be put in order and written again. What was done is said, a line each.
/// </summary>
internal sealed class RowSet(List<CheckFinding> findings)
{
    public SortedDictionary<InodeId, InodeRow> Inodes { get; } = [];

    public List<DentryRow> Entries { get; set; } = [];

    public SortedDictionary<InodeId, OrphanRow> Orphans { get; } = [];

    public SortedDictionary<InodeId, List<ExtentRow>> Extents { get; } = [];

    public SortedDictionary<InodeId, InlineRow> Inlines { get; } = [];

    public List<XattrRow> Xattrs { get; } = [];

    public SortedDictionary<ShardId, ShardRow> Shards { get; } = [];

    /// <summary>Whether rows that hold or map content are known to be missing.</summary>
    public bool LacksContent { get; set; }

    /// <summary>Counters of usage.</summary>
    public List<KeyValuePair<ShardId, Row>> Counters { get; } = [];

    /// <summary>Sessions, answers, quotas: kept as they are.</summary>
    public List<KeyValuePair<ShardId, Row>> Others { get; } = [];

    /// <summary>Whether a file has content that is recorded as lost.</summary>
    public bool HasLostContent => Extents.Values.Any(static extents => extents.Any(static extent =>
        extent.Pieces.Any(static piece => piece.Kind == PieceKind.Lost)));

    public void Add(ShardId shard, Row row)
    {
        switch (row)
        {
            case InodeRow inode when inode.Inode.Shard == shard:
                Inodes[inode.Inode] = inode;
                break;
            case DentryRow entry:
                Entries.Add(entry);
                break;
            case OrphanRow orphan:
                Orphans[orphan.Inode] = orphan;
                break;
            case ExtentRow extent:
                if (!Extents.TryGetValue(extent.Inode, out var extents)) Extents[extent.Inode] = extents = [];
                extents.Add(extent);
                break;
            case InlineRow inline:
                Inlines[inline.Inode] = inline;
                break;
            case XattrRow xattr:
                Xattrs.Add(xattr);
                break;
            case ShardRow kept:
                Shards[shard] = kept;
                break;
            case CounterRow:
                break;   // counted anew
            case InodeRow stray:
                Say("An inode in another shard than its number says was dropped", $"inode {stray.Inode}");
                break;
            default:
                Others.Add(new(shard, row));
                break;
        }
    }

    /// <summary>All rows, each with the shard that it belongs in.</summary>
    public IEnumerable<KeyValuePair<ShardId, Row>> All()
    {
        foreach (var (id, row) in Inodes) yield return new(id.Shard, row);
        foreach (var row in Entries) yield return new(row.Directory.Shard, row);
        foreach (var (id, row) in Orphans) yield return new(id.Shard, row);
        foreach (var (id, rows) in Extents)
        {
            foreach (var row in rows) yield return new(id.Shard, row);
        }

        foreach (var (id, row) in Inlines) yield return new(id.Shard, row);
        foreach (var row in Xattrs) yield return new(row.Inode.Shard, row);
        foreach (var (shard, row) in Shards) yield return new(shard, row);
        foreach (var pair in Counters.Concat(Others)) yield return pair;
    }

    public void Say(string what, string where) =>
        findings.Add(new(CheckSeverity.Repaired, what, where, "Nothing is left to do"));

    public void SayLost(string what, string where) =>
        findings.Add(new(CheckSeverity.Repaired, what, where, "Look for it in a backup"));
}
