using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>
/// Looks at every page of a database file by its checksum, used or free, also where SQLite cannot open the file; and
/// mends pages in which a single bit has flipped.
/// </summary>
internal static class DatabasePages
{
    public const int TablesPageBytes = 8192;
    public const int IndexPageBytes = 4096;

    private const int VersionOffset = 60;
    private const int VersionWithChecksums = 2;
    private const string LossAdvice = "`cfs fsck --repair` keeps what can be read";

    /// <summary>
    /// Checks all pages; with <paramref name="repair"/> mends them. Precondition: nobody has the file open.
    /// </summary>
    public static List<Finding> Check(string path, int pageBytes, bool repair)
    {
        var findings = new List<Finding>();
        using var file = File.OpenHandle(
            path, System.IO.FileMode.Open, repair ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite);
        var page = new byte[pageBytes];
        var length = RandomAccess.GetLength(file);
        for (var offset = 0L; offset + pageBytes <= length; offset += pageBytes)
        {
            RandomAccess.Read(file, page, offset);
            if (offset == 0 && page[VersionOffset + 3] < VersionWithChecksums && page[^1] == 0) break;
            var number = (uint)(offset / pageBytes) + 1;
            if (PageChecksumVfs.IsWhole(page, number) || PageChecksumVfs.IsNeverWritten(number, pageBytes)) continue;
            var isMended = repair && Crc32c.TryMend(page) && PageChecksumVfs.IsWhole(page, number);
            if (isMended) RandomAccess.Write(file, page, offset);
            findings.Add(new(
                isMended ? Finding.Repaired : Finding.Damage,
                isMended ? "A flipped bit of a page was turned back" : "A page has a wrong checksum",
                $"{path} at offset {offset}", isMended ? "Nothing is left to do" : LossAdvice));
        }

        if (repair && findings.Count > 0) RandomAccess.FlushToDisk(file);
        return findings;
    }
}
