using System.Globalization;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Silo.Check;

/// <summary>
/// The write-ahead logs of meta.db and blocks.db, looked at before SQLite does, which drops what it cannot read.
/// </summary>
internal static class WriteAheadLogs
{
    /// <summary>
    /// Turns back flipped bits, puts a log aside that is not needed, and says so: also a check does, because SQLite
    /// would change more. What is still broken then must not be opened but by a repair.
    /// </summary>
    /// <param name="directory">Whose; nobody has them open.</param>
    /// <param name="repair">
    /// Completes what was being copied, where a damaged frame is in between. The database has to be written anew then.
    /// </param>
    public static List<Finding> Settle(DataDirectory directory, bool repair = false)
    {
        var findings = new List<Finding>();
        foreach (var database in new[] { directory.Tables, directory.BlockIndex })
        {
            var (state, offset) = WriteAheadLog.Settle(database);
            var where = string.Create(CultureInfo.InvariantCulture, $"{database}-wal at offset {offset}");
            if (state == WalState.Sound) continue;
            if (state == WalState.Mixed && repair) WriteAheadLog.Complete(database);
            findings.Add(state switch
            {
                WalState.Mended => new(Finding.Repaired, "A flipped bit was turned back", where,
                    "Nothing is left to do"),
                WalState.Copied => new(Finding.Repaired,
                    "A frame is damaged; all of them are in the database already, and the file was put aside", where,
                    "Nothing is left to do"),
                WalState.Cut => new(Finding.Repaired,
                    "A frame is damaged, or was never written: what it and later ones held comes from the log", where,
                    "Nothing is left to do"),
                _ => new(Finding.Damage, "A frame is damaged, and only some of them are in the database", where,
                    "`cfs fsck --repair` keeps what can be read"),
            });
        }

        return findings;
    }
}
