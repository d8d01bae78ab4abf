using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>
/// Writes meta.db anew when its rows or the log are not sound, with all that can be read of both; the old one is kept
/// as meta.db.damaged. Nothing else may use the data directory.
/// </summary>
/// <param name="directory">The data directory, held.</param>
/// <param name="device">Its device, open for writing.</param>
/// <param name="loops">Loops of the log's replay.</param>
/// <param name="time">Clock.</param>
internal sealed class TablesRepair(
    DataDirectory directory, StorageDevice device, ILoopFactory loops, TimeProvider time)
{
    private const string AsideSuffix = ".damaged";
    private const string NewSuffix = ".new";

    private static readonly string[] BesideSuffixes = ["-wal", "-shm"];

    /// <summary>
    /// Repairs what is broken, or the file when one of its pages is (<paramref name="isPageDamaged"/>), be it a free
    /// one; says what was done and what is lost, nothing when all is sound. The index of the
    /// segments then has to be made anew. Throws <see cref="FsException"/>: EIO (nothing can be read that would be
    /// worth it; nothing was changed), ENOSPC, EPROTO.
    /// </summary>
    public async ValueTask<IReadOnlyList<CheckFinding>> RunAsync(
        bool isPageDamaged, CancellationToken cancellationToken)
    {
        var target = directory.Tables + NewSuffix;
        IReadOnlyList<CheckFinding> done;
        await using (var rows = SqliteRowTable.Open(directory.Tables))
        {
            rows.MakeDurable();
            var identity = FileSystemIdentity.Read(rows);
            if (identity is null) return [];
            var mended = await MetadataChecker.MendLogAsync(rows, device.LogRegion(), identity, cancellationToken);
            var report = await MetadataChecker.CheckAsync(
                rows, device.LogRegion(), identity, feed: null, verifier: null, loops, time, cancellationToken);
            if (report.Findings.Count == 0 && !isPageDamaged) return mended;
            foreach (var suffix in BesideSuffixes.Append("")) File.Delete(target + suffix);
            await using var made = SqliteRowTable.Open(target);
            var repaired = await MetadataRepair.RunAsync(
                rows, device.LogRegion(), identity, made, loops, time, cancellationToken);
            done = [.. mended, .. repaired];
        }

        // Closed, neither has anything left in its write-ahead log; a crash in between leaves the old tables.
        var aside = directory.Tables + AsideSuffix;
        File.Copy(directory.Tables, aside, overwrite: true);
        foreach (var suffix in BesideSuffixes) File.Delete(directory.Tables + suffix);
        File.Move(target, directory.Tables, overwrite: true);
        return
        [
            .. done,
            new(CheckSeverity.Repaired, $"the tables were written anew; what was there is kept as {aside}",
                directory.Tables, "remove that when nothing is missing"),
        ];
    }
}
