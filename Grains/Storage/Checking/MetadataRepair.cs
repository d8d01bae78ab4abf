using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// Makes sound metadata of damaged one: all rows that can be read, of tables and log, put in order and written into new
/// tables. What has lost its name goes into /lost+found. Nothing of the old is changed. All rows are in memory, about
/// 500 bytes each.
/// </summary>
public static class MetadataRepair
{
    private const int RowsPerTransaction = 50_000;

    // Kinds without which nothing is left that is worth a repair.
    private static readonly RowKind[] Vital = [RowKind.Inode, RowKind.Dentry];

    /// <summary>
    /// Fills <paramref name="target"/>, which must be new; its log then begins after the last whole append. Returns
    /// what was done and lost. Throws <see cref="FsException"/>: EIO when nothing can be read of the inodes or the
    /// entries, which only a backup brings back; ENOSPC; EPROTO.
    /// </summary>
    /// <param name="rows">The damaged tables; only read.</param>
    /// <param name="logRegion">The log beside them; only read.</param>
    /// <param name="identity">Whose they are.</param>
    /// <param name="target">The new tables; stay the caller's.</param>
    /// <param name="loops">Loops of a store that only reads.</param>
    /// <param name="time">Clock: time of what is made.</param>
    /// <param name="lostItems">Stored items that cannot be read: what refers to them is recorded as lost.</param>
    /// <param name="strays">Rows of the tables that nothing leads to any more, each once.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<IReadOnlyList<CheckFinding>> RunAsync(
        IRowTable rows, IBlockDevice logRegion, FileSystemIdentity identity, IRowTable target, ILoopFactory loops,
        TimeProvider time, IReadOnlySet<ChunkLocation> lostItems,
        IReadOnlyList<KeyValuePair<ShardId, Row>> strays, CancellationToken cancellationToken = default)
    {
        var findings = new List<CheckFinding>();
        var log = new LogSalvage(logRegion, identity.FileSystem, rows.Checkpoint, rows.Find, findings);
        await using (var memory = await OpenEmptyAsync(logRegion, identity, loops, time, cancellationToken))
        {
            await log.RunAsync(shard => memory.Shards[shard], cancellationToken);
        }

        var lost = new List<CheckFinding>();
        var set = new RowSet(findings);
        Read(rows, strays, log, set, lost);
        foreach (var loss in lost)
        {
            findings.Add(new(
                CheckSeverity.Repaired, $"{loss.What}: what was not found otherwise was dropped", loss.Where,
                "What is known of the files is in /lost+found or listed here; look for the rest in a backup"));
        }

        var stamp = Stamp.Of(time.GetUtcNow());
        var content = new ContentRepair(set, lostItems, stamp);
        content.MakeLostInodes();
        content.MendContent();
        new TreeRepair(set, NameHash.Of(identity), stamp).Run();
        content.Count();
        Write(set, log, ReadSequences(rows), identity, target);
        return findings;
    }

    // Only for its shards, into which operations are read.
    private static async ValueTask<MetadataStore> OpenEmptyAsync(
        IBlockDevice region, FileSystemIdentity identity, ILoopFactory loops, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var coordination = new MemoryCoordination();
        var none = new EmbeddedLog(region, ~identity.FileSystem, coordination);
        return await MetadataStore.OpenAsync(
            new(none, new MemoryRowTable(), coordination, loops, time, NullLogger.Instance), identity,
            cancellationToken);
    }

    private static void Read(
        IRowTable rows, IReadOnlyList<KeyValuePair<ShardId, Row>> strays, LogSalvage log, RowSet set,
        List<CheckFinding> lost)
    {
        var salvage = new SalvageReader(rows, lost);
        foreach (var kind in Enum.GetValues<RowKind>())
        {
            if (kind == RowKind.None) continue;
            var (count, before) = (0L, lost.Count);
            var ofKind = strays.Where(pair => pair.Value.Key.Kind == kind);
            foreach (var (shard, row) in salvage.ReadAll(kind).Concat(ofKind))
            {
                count++;
                if (!log.Rows.ContainsKey((shard, row.Key))) set.Add(shard, row);
            }

            if (kind is RowKind.Extent or RowKind.Inline) set.LacksContent |= lost.Count > before;
            if (count > 0 || lost.Count == before || !Vital.Contains(kind)) continue;
            throw new FsException(
                FsError.EIO, $"{rows.Name}: nothing of the rows of kind {kind} can be read: a repair would empty the "
                + "file system. Nothing was changed: restore a backup");
        }

        foreach (var ((shard, _), row) in log.Rows)
        {
            if (row is not null) set.Add(shard, row);
        }
    }

    // Where they cannot be read, those of the log count: it begins anew, and nothing of before is compared with them.
    private static IReadOnlyCollection<KeyValuePair<ShardId, ulong>> ReadSequences(IRowTable rows)
    {
        try
        {
            return rows.ReadSequences();
        }
        catch (FsException)
        {
            return [];
        }
    }

    private static void Write(
        RowSet set, LogSalvage log, IReadOnlyCollection<KeyValuePair<ShardId, ulong>> sequences,
        FileSystemIdentity identity, IRowTable target)
    {
        var last = sequences.ToDictionary();
        foreach (var (shard, sequence) in log.Sequences)
            last[shard] = Math.Max(last.GetValueOrDefault(shard), sequence);
        var end = log.End;
        var checkpoint = end with { TailAppend = end.Append + 1, TailPosition = end.Position };
        foreach (var rows in set.All().Chunk(RowsPerTransaction))
        {
            target.Apply(new(
                [.. rows.Select(static pair => new TableChange(pair.Key, pair.Value.Key, pair.Value))], [],
                target.Checkpoint));
        }

        target.Apply(new([], last, checkpoint));

        // Last: without it there is no file system.
        var level = set.HasLostContent ? FileSystemIdentity.LostContentLevel : FileSystemIdentity.FirstLevel;
        (identity with { Level = Math.Max(identity.Level, level) }).Store(target);
        target.MakeDurable();
    }
}
