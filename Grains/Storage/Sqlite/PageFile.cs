using System.Buffers.Binary;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>
/// The pages of a tables' file by their numbers, and what one of a b-tree leads to. Nobody may have the file open, and
/// nothing may be left in its write-ahead log. Source: sqlite.org/fileformat2.html. Not thread-safe.
/// </summary>
internal sealed class PageFile : IDisposable
{
    public const int PageBytes = 8192;

    private const int UsableBytes = PageBytes - PageChecksumVfs.ReservedBytes;
    private const int FirstHeaderBytes = 100;
    private const int FreeListAt = 32;
    private const int LeafHeaderBytes = 8;
    private const int InteriorHeaderBytes = 12;
    private const int NumberBytes = 4;

    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _file;
    private readonly byte[] _page = new byte[PageBytes];
    private readonly List<int> _cells = [];

    public PageFile(string path)
    {
        _file = File.OpenHandle(path, System.IO.FileMode.Open, FileAccess.ReadWrite);
        Count = (uint)(RandomAccess.GetLength(_file) / PageBytes);
    }

    /// <summary>How many pages there are; they are numbered from 1.</summary>
    public uint Count { get; }

    /// <summary>The page loaded last.</summary>
    public ReadOnlySpan<byte> Page => _page;

    /// <summary>Whether it is of an index' tree, as all tables of rows are.</summary>
    public bool IsOfIndex => (PageType)_page[0] is PageType.InteriorIndex or PageType.LeafIndex;

    private enum PageType : byte
    {
        InteriorIndex = 2,
        InteriorTable = 5,
        LeafIndex = 10,
        LeafTable = 13,
    }

    /// <summary>Loads a page; false when there is none, or it is damaged.</summary>
    public bool TryLoad(uint number) => number > 0 && number <= Count
        && RandomAccess.Read(_file, _page, (long)(number - 1) * PageBytes) == PageBytes
        && PageChecksumVfs.IsWhole(_page, number);

    /// <summary>Puts what is in <paramref name="page"/> into the place of a page.</summary>
    public void Write(uint number, ReadOnlySpan<byte> page)
    {
        var copy = page.ToArray();
        PageChecksumVfs.Seal(copy, number);
        RandomAccess.Write(_file, copy, (long)(number - 1) * PageBytes);
        RandomAccess.FlushToDisk(_file);
    }

    /// <summary>
    /// What the loaded page of a b-tree leads to: pages below it, and first pages of what has no room in it. False when
    /// it is no such page.
    /// </summary>
    public bool TryReadLinks(uint number, List<uint> below, List<uint> overflows)
    {
        if (!TryFindCells(number, out var type)) return false;
        var isInterior = type is PageType.InteriorIndex or PageType.InteriorTable;
        foreach (var cell in _cells)
        {
            var at = cell;
            if (isInterior) below.Add(Number(at));
            if (type == PageType.InteriorTable) continue;
            if (isInterior) at += NumberBytes;
            var payload = Varint(ref at);
            if (type == PageType.LeafTable) Varint(ref at);
            var local = LocalBytes(payload, type);
            if (local == payload) continue;
            if (at + (int)local + NumberBytes > UsableBytes) return false;
            overflows.Add(Number(at + (int)local));
        }

        if (isInterior) below.Add(Number(HeaderAt(number) + LeafHeaderBytes));
        return true;
    }

    /// <summary>The page of a chain of overflow pages after the loaded one; 0 at its end.</summary>
    public uint NextOverflow => Number(0);

    /// <summary>How many columns the loaded page's first record has; 0 when there is none.</summary>
    public int CountColumns(uint number)
    {
        if (!TryFindCells(number, out var type) || _cells.Count == 0) return 0;
        var at = _cells[0] + (type == PageType.InteriorIndex ? NumberBytes : 0);
        Varint(ref at);
        var header = at;
        var end = header + (long)Varint(ref at);
        if (end > UsableBytes) return 0;
        var count = 0;
        for (; at < end; count++) Varint(ref at);
        return count;
    }

    /// <summary>Fills an empty set with the free pages; false when their list is not whole.</summary>
    public bool TryReadFree(HashSet<uint> free)
    {
        if (!TryLoad(1)) return false;
        var (trunk, count) = (Number(FreeListAt), Number(FreeListAt + NumberBytes));
        while (trunk != 0)
        {
            if (!TryLoad(trunk) || !free.Add(trunk)) return false;
            var (next, leaves) = (Number(0), Number(NumberBytes));
            if (leaves > (UsableBytes / NumberBytes) - 2) return false;
            for (var i = 0; i < (int)leaves; i++)
            {
                if (!free.Add(Number((i + 2) * NumberBytes))) return false;
            }

            trunk = next;
        }

        return free.Count == count;
    }

    public void Dispose() => _file.Dispose();

    private static int HeaderAt(uint number) => number == 1 ? FirstHeaderBytes : 0;

    private bool TryFindCells(uint number, out PageType type)
    {
        _cells.Clear();
        var at = HeaderAt(number);
        type = (PageType)_page[at];
        if (!Enum.IsDefined(type)) return false;
        var count = BinaryPrimitives.ReadUInt16BigEndian(_page.AsSpan(at + 3));
        var isLeaf = type is PageType.LeafIndex or PageType.LeafTable;
        at += isLeaf ? LeafHeaderBytes : InteriorHeaderBytes;
        if (at + (2 * count) > UsableBytes) return false;
        for (var i = 0; i < count; i++)
        {
            var cell = BinaryPrimitives.ReadUInt16BigEndian(_page.AsSpan(at + (2 * i)));
            if (cell > UsableBytes - NumberBytes) return false;
            _cells.Add(cell);
        }

        return true;
    }

    // How much of a record lies in the page itself.
    private static ulong LocalBytes(ulong payload, PageType type)
    {
        const ulong leafMax = UsableBytes - 35;
        const ulong indexMax = ((UsableBytes - 12) * 64 / 255) - 23;
        const ulong min = ((UsableBytes - 12) * 32 / 255) - 23;
        var max = type == PageType.LeafTable ? leafMax : indexMax;
        if (payload <= max) return payload;
        var fit = min + ((payload - min) % (UsableBytes - NumberBytes));
        return fit <= max ? fit : min;
    }

    private uint Number(int at) => BinaryPrimitives.ReadUInt32BigEndian(_page.AsSpan(at));

    private ulong Varint(ref int at)
    {
        const int bytesMax = 9;
        var value = 0UL;
        for (var i = 0; i < bytesMax && at < PageBytes; i++)
        {
            var next = _page[at++];
            if (i == bytesMax - 1) return (value << 8) | next;
            value = (value << 7) | (uint)(next & 0x7F);
            if (next < 0x80) return value;
        }

        return value;
    }
}
