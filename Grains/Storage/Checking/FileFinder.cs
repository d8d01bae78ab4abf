using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>Finds the names of files by what they refer to.</summary>
/// <param name="readAll">Reads all rows of a kind.</param>
public sealed class FileFinder(Func<RowKind, IEnumerable<KeyValuePair<ShardId, Row>>> readAll)
{
    private readonly Dictionary<InodeId, (InodeId Directory, FsName Name)> _directories = [];

    /// <summary>Finds them in tables that may be in use; names on damaged pages are not found.</summary>
    public static FileFinder Over(IRowTable rows) => new(new SalvageReader(rows, []).ReadAll);

    /// <summary>
    /// Every name of every file that refers to one of <paramref name="lost"/>, with the first such byte.
    /// </summary>
    public IReadOnlyList<string> Find(IReadOnlySet<ChunkLocation> lost) =>
        lost.Count == 0 ? [] : Find(piece => piece.IsStored && lost.Contains(piece.Location));

    /// <summary>Every name of every file with such a piece, with the first byte of the first one.</summary>
    public IReadOnlyList<string> Find(Func<ExtentPiece, bool> isLost)
    {
        var files = new SortedDictionary<InodeId, ulong>();
        foreach (var (_, row) in readAll(RowKind.Extent))
        {
            var extent = (ExtentRow)row;
            foreach (var piece in extent.Pieces)
            {
                if (!isLost(piece)) continue;
                files.TryAdd(extent.Inode, ((ulong)extent.Index * Limits.ExtentBytes) + piece.Offset);
            }
        }

        var names = new Dictionary<InodeId, List<(InodeId Directory, FsName Name)>>();
        foreach (var (_, row) in readAll(RowKind.Dentry))
        {
            var entry = (DentryRow)row;
            if (entry.Type == FileMode.DirentType(FileMode.Directory))
            {
                _directories[entry.Child] = (entry.Directory, entry.Name);
            }

            if (!files.ContainsKey(entry.Child)) continue;
            if (!names.TryGetValue(entry.Child, out var known)) names[entry.Child] = known = [];
            known.Add((entry.Directory, entry.Name));
        }

        var found = new List<string>();
        foreach (var (inode, offset) in files)
        {
            var of = names.GetValueOrDefault(inode)?.Select(name => $"{PathOf(name.Directory)}/{name.Name}");
            foreach (var path in of ?? [$"inode {inode}, which has no name"]) found.Add($"{path}, offset {offset}");
        }

        return found;
    }

    private string PathOf(InodeId directory)
    {
        var parts = new Stack<string>();
        var seen = new HashSet<InodeId>();
        while (directory != InodeId.Root && seen.Add(directory) && _directories.TryGetValue(directory, out var at))
        {
            parts.Push($"/{at.Name}");
            directory = at.Directory;
        }

        return (directory == InodeId.Root ? "" : $"(inode {directory})") + string.Concat(parts);
    }
}
