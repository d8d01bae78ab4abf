using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>What a check of the metadata found.</summary>
/// <param name="Findings">Every broken invariant, the worst first.</param>
/// <param name="References">How often each stored location is referenced: for the block store's own check.</param>
/// <param name="InodeCount">Inodes looked at.</param>
/// <param name="EntryCount">Entries looked at.</param>
public sealed record MetadataReport(
    IReadOnlyList<CheckFinding> Findings, IReadOnlyDictionary<ChunkLocation, ReferenceDelta> References,
    long InodeCount, long EntryCount)
{
    /// <summary>
    /// Names the files that refer to one of some locations, with the first byte that is there: "/a/b, offset N".
    /// </summary>
    public required Func<IReadOnlySet<ChunkLocation>, IReadOnlyList<string>> FindFiles { get; init; }

    /// <summary>Files with content that an earlier repair found lost: "/a/b, offset N".</summary>
    public required IReadOnlyList<string> LostFiles { get; init; }
}

/// <summary>
/// Checks metadata offline: replays the log over the tables in memory, changes nothing on disk, and looks at every row
/// of the result. Memory grows with the number of inodes, about 100 bytes each.
/// </summary>
public static class MetadataChecker
{
    /// <summary>
    /// Checks the tables and the log beside them. The tables stay the caller's. Throws <see cref="FsException"/>: EIO
    /// when they cannot be read at all, EPROTO when a later version wrote them.
    /// </summary>
    /// <param name="rows">The tables.</param>
    /// <param name="logRegion">The log beside them; only read.</param>
    /// <param name="identity">Whose they are.</param>
    /// <param name="feed">Told the references of the log beyond its cursor, or null.</param>
    /// <param name="verifier">
    /// Verifies the data of the last append, as the next start will: what that cuts is no damage. Null: it counts.
    /// </param>
    /// <param name="loops">Loops of the replay.</param>
    /// <param name="time">Clock of the replay.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<MetadataReport> CheckAsync(IRowTable rows, IBlockDevice logRegion,
        FileSystemIdentity identity, IReferenceFeed? feed, IStoredDataVerifier? verifier, ILoopFactory loops,
        TimeProvider time, CancellationToken cancellationToken = default)
    {
        var findings = new List<CheckFinding>();
        var overlay = new OverlayRowTable(rows);
        var salvage = new SalvageReader(rows, findings);
        IEnumerable<KeyValuePair<ShardId, Row>> ReadAll(RowKind kind) =>
            overlay.ReadOver(salvage.ReadAll(kind), kind);
        await ReplayAsync(overlay, logRegion, identity, feed, verifier, loops, time, findings, cancellationToken);
        var hash = NameHash.Of(identity);
        var tree = new TreeCheck(findings, hash);
        foreach (var (shard, row) in ReadAll(RowKind.Inode)) tree.AddInode(shard, (InodeRow)row);
        foreach (var (shard, row) in ReadAll(RowKind.Dentry)) tree.AddEntry(shard, (DentryRow)row);
        foreach (var (_, row) in ReadAll(RowKind.Orphan)) tree.AddOrphan((OrphanRow)row);
        cancellationToken.ThrowIfCancellationRequested();
        var content = new ContentCheck(findings, tree.Inodes);
        foreach (var (shard, row) in ReadAll(RowKind.Extent)) content.AddExtent(shard, (ExtentRow)row);
        foreach (var (shard, row) in ReadAll(RowKind.Inline)) content.AddInline(shard, (InlineRow)row);
        foreach (var (shard, row) in ReadAll(RowKind.Xattr)) content.AddXattr(shard, (XattrRow)row);
        tree.Finish();
        content.Finish();
        var counters = new CounterCheck(findings);
        foreach (var inode in tree.Inodes.Values) counters.AddInode(inode.Row);
        foreach (var (shard, row) in ReadAll(RowKind.Counter)) counters.AddCounter(shard, (CounterRow)row);
        foreach (var (shard, row) in ReadAll(RowKind.Shard)) counters.AddShard(shard, (ShardRow)row);
        counters.Finish();
        findings.Sort((left, right) => right.Severity.CompareTo(left.Severity));
        return new(findings, content.References, tree.Inodes.Count, tree.EntryCount)
        {
            FindFiles = lost => new FileFinder(ReadAll).Find(lost),
            LostFiles = content.HasLost
                ? new FileFinder(ReadAll).Find(static piece => piece.Kind == PieceKind.Lost) : [],
        };
    }

    /// <summary>Turns back single flipped bits in the log, whose region must be open for writing.</summary>
    /// <param name="rows">The tables, which say where the log begins.</param>
    /// <param name="logRegion">The log.</param>
    /// <param name="identity">Whose they are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<IReadOnlyList<CheckFinding>> MendLogAsync(IRowTable rows, IBlockDevice logRegion,
        FileSystemIdentity identity, CancellationToken cancellationToken = default)
    {
        var tail = new LogTail(rows.Checkpoint.TailAppend, rows.Checkpoint.TailPosition);
        var mended = await LogMender.RunAsync(logRegion, identity.FileSystem, tail, cancellationToken);
        return
        [
            .. mended.Select(what =>
                new CheckFinding(CheckSeverity.Repaired, what, logRegion.Name, "Nothing is left to do")),
        ];
    }

    private static async ValueTask ReplayAsync(OverlayRowTable overlay, IBlockDevice logRegion,
        FileSystemIdentity identity, IReferenceFeed? feed, IStoredDataVerifier? verifier, ILoopFactory loops,
        TimeProvider time, List<CheckFinding> findings, CancellationToken cancellationToken)
    {
        const string Advice = "Copy the data directory first; restore a backup, or copy out what can be read";
        try
        {
            var coordination = new MemoryCoordination();
            var log = new EmbeddedLog(logRegion, identity.FileSystem, coordination);
            var seams = new MetadataSeams(log, overlay, coordination, loops, time, NullLogger.Instance)
            {
                Feed = feed,
                Verifier = verifier,
            };
            await using var store = await MetadataStore.OpenAsync(seams, identity, cancellationToken);
            if (store.IsReadOnly(out var reason)) findings.Add(new(CheckSeverity.Damage, reason, logRegion.Name,
                Advice));
            await store.DrainAsync();
        }
        catch (FsException fault) when (fault.Error != FsError.EPROTO)
        {
            findings.Add(new(CheckSeverity.Damage, fault.Message, logRegion.Name, Advice));
        }
    }
}
