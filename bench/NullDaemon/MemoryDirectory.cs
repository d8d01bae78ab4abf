using System.Diagnostics.CodeAnalysis;
using ClaudeFs.Primitives;

namespace ClaudeFs.NullDaemon;

/// <summary>An entry; its cookie grows with the order in which entries were made, and is never used again.</summary>
internal sealed record MemoryEntry(FsName Name, MemoryNode Node, ulong Cookie)
{
    public bool IsRemoved { get; set; }
}

/// <summary>Entries by name, and in the order of their cookies.</summary>
internal sealed class MemoryDirectory
{
    private const int CompactMin = 64;
    private readonly Dictionary<FsName, MemoryEntry> _byName = [];
    private readonly List<MemoryEntry> _byCookie = [];
    private ulong _nextCookie = 16; // 1 and 2 are "." and ".."
    private int _removed;

    public int Count => _byName.Count;

    public bool TryFind(FsName name, [NotNullWhen(true)] out MemoryEntry? entry) =>
        _byName.TryGetValue(name, out entry);

    public void Add(FsName name, MemoryNode node)
    {
        var entry = new MemoryEntry(name, node, _nextCookie++);
        _byName.Add(name, entry);
        _byCookie.Add(entry);
    }

    public void Remove(MemoryEntry entry)
    {
        _byName.Remove(entry.Name);
        entry.IsRemoved = true;
        if (++_removed < CompactMin || _removed < _byCookie.Count / 2) return;
        _byCookie.RemoveAll(static each => each.IsRemoved);
        _removed = 0;
    }

    /// <summary>Entries with greater cookies, ascending.</summary>
    public IEnumerable<MemoryEntry> After(ulong cookie)
    {
        int low = 0, high = _byCookie.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_byCookie[middle].Cookie <= cookie) low = middle + 1;
            else high = middle;
        }

        for (var i = low; i < _byCookie.Count; i++)
        {
            if (!_byCookie[i].IsRemoved) yield return _byCookie[i];
        }
    }
}
