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
        IReadOnlyList<CheckFinding> done;
        await using (var rows = SqliteRowTable.Open(_tables))
        {
            rows.MakeDurable();
            var identity = FileSystemIdentity.Read(rows);
            if (identity is null) return [];
            var mended = await MetadataChecker.MendLogAsync(rows, scope.Log, identity, cancellationToken);
            var report = await scope.CheckMetadataAsync(
                rows, identity, feed: null, verifier: null, cancellationToken);
            if (report.Findings.Count == 0 && !isPageDamaged && lostItems.Count == 0) return mended;
            foreach (var suffix in CheckedDirectory.BesideSuffixes.Append("")) File.Delete(target + suffix);
            await using var made = SqliteRowTable.Open(target);
            var repaired = await MetadataRepair.RunAsync(
                rows, scope.Log, identity, made, scope.Loops, scope.Time, lostItems, cancellationToken);
            done = [.. mended, .. repaired];
        }

        // Closed, neither has anything left in its write-ahead log; a crash in between leaves the old tables.
        var aside = _tables + AsideSuffix;
        if (!_isAside) File.Copy(_tables, aside, overwrite: true);
        _isAside = true;
        foreach (var suffix in CheckedDirectory.BesideSuffixes) File.Delete(_tables + suffix);
        File.Move(target, _tables, overwrite: true);
        return
        [
            .. done,
            new(CheckSeverity.Repaired, $"the tables were written anew; what was there is kept as {aside}",
                _tables, "remove that when nothing is missing"),
        ];
    }
}
