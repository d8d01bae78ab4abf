using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>
/// Writes meta.db anew when its rows or the log are not sound, with all that can be read of both; the old one is kept
/// as meta.db.damaged.
/// </summary>
/// <param name="scope">Whose; its device is open for writing.</param>
internal sealed class TablesRepair(CheckedDirectory scope)
{
    private const string AsideSuffix = ".damaged";
    private const string NewSuffix = ".new";

    private readonly string _tables = scope.Files.Tables;
    private bool _isAside;
    private bool _isFreeListLost;

    /// <summary>
    /// Makes the first page of the file anew, which is damaged: all can be read by it again. Before anything opens it.
    /// </summary>
    public async ValueTask RestoreFirstPageAsync()
    {
        PutAside();
        _isFreeListLost = true;
        await FirstPage.RestoreAsync(_tables);
    }

    /// <summary>
    /// Repairs what is broken, or the file when one of its pages is (<paramref name="isPageDamaged"/>), be it a free
    /// one, and records that <paramref name="lostItems"/> cannot be read; says what was done and what is lost, nothing
    /// when all is sound. The index of the segments then has to be made anew. Throws <see cref="FsException"/>: EIO
    /// (nothing can be read that would be worth it; nothing was changed), ENOSPC, EPROTO.
    /// </summary>
    public async ValueTask<IReadOnlyList<CheckFinding>> RunAsync(
        bool isPageDamaged, IReadOnlySet<ChunkLocation> lostItems, CancellationToken cancellationToken)
    {
        var target = _tables + NewSuffix;
        var done = new List<CheckFinding>();
        IReadOnlyList<KeyValuePair<ShardId, Row>> strays = [];
        if (isPageDamaged)
        {
            // Opened and closed: what its write-ahead log holds is in the file.
            await SqliteRowTable.Open(_tables).DisposeAsync();
            strays = StrayPages.Read(_tables, _isFreeListLost, done);
        }

        await using (var rows = SqliteRowTable.Open(_tables))
        {
            rows.MakeDurable();
            var identity = FileSystemIdentity.Read(rows);
            if (identity is null) return [];
            done.AddRange(await MetadataChecker.MendLogAsync(rows, scope.Log, identity, cancellationToken));
            var report = await scope.CheckMetadataAsync(
                rows, identity, feed: null, verifier: null, cancellationToken);
            if (report.Findings.Count == 0 && !isPageDamaged && lostItems.Count == 0) return done;
            foreach (var suffix in CheckedDirectory.BesideSuffixes.Append("")) File.Delete(target + suffix);
            await using var made = SqliteRowTable.Open(target);
            done.AddRange(await MetadataRepair.RunAsync(
                rows, scope.Log, identity, made, scope.Loops, scope.Time, lostItems, strays, cancellationToken));
        }

        // Closed, neither has anything left in its write-ahead log; a crash in between leaves the old tables.
        PutAside();
        foreach (var suffix in CheckedDirectory.BesideSuffixes) File.Delete(_tables + suffix);
        File.Move(target, _tables, overwrite: true);
        return
        [
            .. done,
            new(CheckSeverity.Repaired,
                $"the tables were written anew; what was there is kept as {_tables}{AsideSuffix}",
                _tables, "remove that when nothing is missing"),
        ];
    }

    // What was there at first, not what an earlier step of the same repair has made of it.
    private void PutAside()
    {
        if (!_isAside) File.Copy(_tables, _tables + AsideSuffix, overwrite: true);
        _isAside = true;
    }
}
