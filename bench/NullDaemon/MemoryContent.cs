namespace ClaudeFs.NullDaemon;

/// <summary>Bytes of a file in pages; a page that is not there is a hole.</summary>
internal sealed class MemoryContent
{
    private const int PageBytes = 64 * 1024;
    private readonly Dictionary<long, byte[]> _pages = [];

    public long Length { get; private set; }

    public long AllocatedBytes => (long)_pages.Count * PageBytes;

    public int Read(long offset, Span<byte> destination)
    {
        var count = (int)Math.Clamp(Length - offset, 0, destination.Length);
        for (var done = 0; done < count;)
        {
            var (page, start) = Locate(offset + done);
            var step = Math.Min(PageBytes - start, count - done);
            var target = destination.Slice(done, step);
            if (_pages.TryGetValue(page, out var bytes)) bytes.AsSpan(start, step).CopyTo(target);
            else target.Clear();
            done += step;
        }

        return count;
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        for (var done = 0; done < source.Length;)
        {
            var (page, start) = Locate(offset + done);
            var step = Math.Min(PageBytes - start, source.Length - done);
            if (!_pages.TryGetValue(page, out var bytes)) _pages.Add(page, bytes = new byte[PageBytes]);
            source.Slice(done, step).CopyTo(bytes.AsSpan(start));
            done += step;
        }

        Length = Math.Max(Length, offset + source.Length);
    }

    public void Truncate(long length)
    {
        if (length < Length) Zero(length, Length - length);
        Length = length;
    }

    /// <summary>Makes a hole: whole pages go, parts are zeroed.</summary>
    public void Zero(long offset, long length)
    {
        var end = offset + length;
        foreach (var page in _pages.Keys.Where(
            page => page * PageBytes < end && (page + 1) * PageBytes > offset).ToArray())
        {
            var from = Math.Max(offset, page * PageBytes);
            var to = Math.Min(end, (page + 1) * PageBytes);
            if (to - from == PageBytes) _pages.Remove(page);
            else _pages[page].AsSpan((int)(from - page * PageBytes), (int)(to - from)).Clear();
        }
    }

    public void Extend(long length) => Length = Math.Max(Length, length);

    /// <summary>The next offset that is data (or a hole), or -1; the end counts as a hole.</summary>
    public long Seek(long offset, bool data)
    {
        if (offset >= Length) return -1;
        for (var at = offset; at < Length; at = (at / PageBytes + 1) * PageBytes)
        {
            if (_pages.ContainsKey(at / PageBytes) == data) return at;
        }

        return data ? -1 : Length;
    }

    private static (long Page, int Start) Locate(long offset) => (offset / PageBytes, (int)(offset % PageBytes));
}
