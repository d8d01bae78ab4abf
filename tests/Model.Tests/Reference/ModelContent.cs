using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Reference;

/// <summary>Bytes of a file with its holes: what was never written, or was punched, has no page.</summary>
internal sealed class ModelContent
{
    private const int PageBytes = Limits.LocatedBytes;
    private readonly SortedDictionary<long, byte[]> _pages = [];

    public long SizeBytes { get; private set; }

    /// <summary>Up to the end of the file.</summary>
    public byte[] Read(long offset, long length)
    {
        var bytes = new byte[Math.Clamp(SizeBytes - offset, 0, length)];
        for (var done = 0; done < bytes.Length;)
        {
            var (page, within) = Math.DivRem(offset + done, PageBytes);
            var count = (int)Math.Min(PageBytes - within, bytes.Length - done);
            if (_pages.TryGetValue(page, out var held)) held.AsSpan((int)within, count).CopyTo(bytes.AsSpan(done));
            done += count;
        }

        return bytes;
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var (page, within) = Math.DivRem(offset, PageBytes);
            var count = (int)Math.Min(PageBytes - within, bytes.Length);
            if (!_pages.TryGetValue(page, out var held)) _pages[page] = held = new byte[PageBytes];
            bytes[..count].CopyTo(held.AsSpan((int)within));
            offset += count;
            bytes = bytes[count..];
            SizeBytes = Math.Max(SizeBytes, offset);
        }
    }

    public void Truncate(long sizeBytes)
    {
        if (sizeBytes < SizeBytes) Clear(sizeBytes, SizeBytes);
        SizeBytes = sizeBytes;
    }

    public void Grow(long sizeBytes) => SizeBytes = Math.Max(SizeBytes, sizeBytes);

    /// <summary>Makes a range read as zeros; whole pages become holes.</summary>
    public void Clear(long from, long to)
    {
        var touched = _pages.Where(p => (p.Key + 1) * PageBytes > from && p.Key * PageBytes < to);
        foreach (var (page, held) in touched.ToList())
        {
            var start = Math.Max(0, from - (page * PageBytes));
            var end = Math.Min(PageBytes, to - (page * PageBytes));
            held.AsSpan((int)start, (int)(end - start)).Clear();
            if (end - start == PageBytes) _pages.Remove(page);
        }
    }

    /// <summary>Where data or a hole begins at or after the offset, which is in the file; -1: no more data.</summary>
    public long Seek(long offset, bool isData)
    {
        for (var at = offset; at < SizeBytes; at = ((at / PageBytes) + 1) * PageBytes)
        {
            if (_pages.ContainsKey(at / PageBytes) == isData) return at;
        }

        return isData ? -1 : SizeBytes;
    }

    /// <summary>Whether a range, cut at the end of the file, reads as zeros.</summary>
    public bool IsZero(long from, long to)
    {
        to = Math.Min(to, SizeBytes);
        foreach (var (page, held) in _pages)
        {
            var start = Math.Max(from, page * PageBytes) - (page * PageBytes);
            var end = Math.Min(to, (page + 1) * PageBytes) - (page * PageBytes);
            if (start < end && held.AsSpan((int)start, (int)(end - start)).ContainsAnyExcept((byte)0)) return false;
        }

        return true;
    }
}
