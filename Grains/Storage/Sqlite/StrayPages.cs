using System.Globalization;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>
/// Rows below a damaged inner page of a table: whole pages that no whole page leads to. That they are of the table, and
/// not what a free page still holds of deleted rows, is proven by exclusion: every page of the file belongs to one
/// tree or is free. So nothing is kept when the list of free pages is not whole, or two damaged tables could be meant.
/// </summary>
public sealed class StrayPages
{
    private const string CopySuffix = ".stray";
    private const uint PendingByte = 0x40000000;

    private readonly string _path;
    private readonly PageFile _file;
    private readonly List<CheckFinding> _findings;
    private readonly HashSet<uint> _known = [1];
    private readonly List<RowSchema> _damaged = [];

    private StrayPages(string path, PageFile file, List<CheckFinding> findings)
    {
        _path = path;
        _file = file;
        _findings = findings;
    }

    /// <summary>
    /// Reads them. Precondition: nobody has the file open, and nothing is left in its write-ahead log. Says what was
    /// found, and what is not provable.
    /// </summary>
    /// <param name="path">The file; not changed.</param>
    /// <param name="isFreeListLost">Whether the first page, where the list of free pages begins, was made anew.</param>
    /// <param name="findings">Takes what there is to say.</param>
    public static IReadOnlyList<KeyValuePair<ShardId, Row>> Read(
        string path, bool isFreeListLost, List<CheckFinding> findings)
    {
        var roots = ReadRoots(path);
        using var file = new PageFile(path);
        var pages = new StrayPages(path, file, findings);
        foreach (var (table, root) in roots)
        {
            if (pages.TryWalk(root)) continue;
            if (RowSchema.All.FirstOrDefault(schema => schema.Table == table) is { } damaged)
                pages._damaged.Add(damaged);
        }

        if (pages._damaged.Count == 0) return [];
        var free = new HashSet<uint>();
        var isFreeKnown = !isFreeListLost && file.TryReadFree(free);
        pages._known.UnionWith(free);
        var tops = pages.FindTops();
        if (tops.Count == 0) return [];
        if (isFreeKnown) return pages.Read(tops, roots);
        pages.Say("no list of free pages is left to tell them from deleted rows: they were dropped", tops.Count);
        return [];
    }

    private static Dictionary<string, uint> ReadRoots(string path)
    {
        using var connection = SqliteConnection.Open(path, isReadOnly: false);
        using var statement = connection.PrepareOwn("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0");
        var roots = new Dictionary<string, uint>();
        while (statement.Step()) roots[statement.Text(0)] = (uint)statement.Int64(1);
        return roots;
    }

    // Marks all that a tree holds; false when a page of it is damaged.
    private bool TryWalk(uint root)
    {
        var isWhole = true;
        var (below, overflows) = (new List<uint>(), new List<uint>());
        var pending = new Stack<uint>([root]);
        while (pending.TryPop(out var number))
        {
            _known.Add(number);
            below.Clear();
            overflows.Clear();
            if (!_file.TryLoad(number) || !_file.TryReadLinks(number, below, overflows))
            {
                isWhole = false;
                continue;
            }

            foreach (var page in below.Where(page => !_known.Contains(page))) pending.Push(page);
            foreach (var first in overflows)
            {
                for (var page = first; page != 0 && _known.Add(page); page = _file.NextOverflow)
                {
                    if (_file.TryLoad(page)) continue;
                    isWhole = false;
                    break;
                }
            }
        }

        return isWhole;
    }

    // Pages of rows that nothing leads to, but for those that another such page leads to.
    private List<(uint Page, int Columns)> FindTops()
    {
        var strays = new SortedDictionary<uint, int>();
        var below = new List<uint>();
        for (var number = 2u; number <= _file.Count; number++)
        {
            if (_known.Contains(number) || number == (PendingByte / PageFile.PageBytes) + 1) continue;
            if (!_file.TryLoad(number) || !_file.IsOfIndex || !_file.TryReadLinks(number, below, [])) continue;
            strays.Add(number, _file.CountColumns(number));
        }

        foreach (var page in below) strays.Remove(page);
        return [.. strays.Select(static pair => (pair.Key, pair.Value))];
    }

    private List<KeyValuePair<ShardId, Row>> Read(
        List<(uint Page, int Columns)> tops, Dictionary<string, uint> roots)
    {
        var found = new List<KeyValuePair<ShardId, Row>>();
        var copy = _path + CopySuffix;
        File.Copy(_path, copy, overwrite: true);
        try
        {
            foreach (var group in tops.GroupBy(static top => top.Columns))
            {
                var tables = _damaged.Where(schema => RowStatements.Of(schema.Kind).ColumnCount == group.Key).ToList();
                if (tables.Count != 1)
                {
                    Say("which table they are of is not provable: they were dropped", group.Count());
                    continue;
                }

                var (kind, before) = (tables[0].Kind, found.Count);
                foreach (var (page, _) in group) ReadTree(copy, kind, roots[tables[0].Table], page, found);
                _findings.Add(new(CheckSeverity.Repaired, string.Create(CultureInfo.InvariantCulture,
                    $"{found.Count - before} rows of kind {kind} were found below a damaged page"), _path,
                    "Nothing is left to do"));
            }
        }
        finally
        {
            foreach (var suffix in new[] { "", "-wal", "-shm" }) File.Delete(copy + suffix);
        }

        return found;
    }

    // SQLite itself reads them, from a copy in which the page is the table's root.
    private void ReadTree(
        string copy, RowKind kind, uint root, uint page, List<KeyValuePair<ShardId, Row>> found)
    {
        using (var target = new PageFile(copy))
        {
            if (_file.TryLoad(page)) target.Write(root, _file.Page);
        }

        using var connection = SqliteConnection.Open(copy, isReadOnly: false);
        var statements = RowStatements.Of(kind);
        using var statement = connection.PrepareOwn(statements.All);
        try
        {
            while (statement.Step())
                found.Add(new(new ShardId((ushort)statement.Int64(0)), statements.Read(statement)));
        }
        catch (FsException fault)
        {
            Say($"not all of them can be read: {fault.Message}", 1);
        }
    }

    private void Say(string what, int count) => _findings.Add(new(CheckSeverity.Repaired,
        string.Create(CultureInfo.InvariantCulture, $"{count} pages of rows have lost what led to them, and {what}"),
        _path, "Look for what is missing in a backup"));
}
