using ClaudeFs.Client.Nodes;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Files;

/// <summary>Finds data and holes in buffered writes over a file's map. Pure; the inode's lock is held.</summary>
internal static class DataSeeker
{
    /// <summary>
    /// Where the next data or hole at or after <paramref name="offset"/> begins, or the size when there is none; -1,
    /// with
    /// <paramref name="missing"/>, when an extent's pieces are not known. Preallocated ranges are holes until written.
    /// </summary>
    public static long Find(FileContent content, long offset, long size, SeekWhence whence, out uint missing)
    {
        missing = 0;
        var wantsData = whence == SeekWhence.Data;
        var position = offset;
        while (position < size)
        {
            var stop = Math.Min(size, (position / Limits.ExtentBytes * Limits.ExtentBytes) + Limits.ExtentBytes);
            if (!TryRun(content, position, stop, out var isData, out var end, out missing)) return -1;
            if (isData == wantsData) return position;
            position = end;
        }

        return size;
    }

    // The run of data or hole that begins at the position, within one extent; a run may go on after it.
    private static bool TryRun(
        FileContent content, long position, long stop, out bool isData, out long end, out uint missing)
    {
        (isData, end, missing) = (false, stop, 0);
        if (content.Buffer.TryFindRun(position, stop, out var run))
        {
            if (run.Start == position)
            {
                (isData, end) = (true, run.End);
                return true;
            }

            end = run.Start;
        }

        if (content.Map.Inline is { } inline)
        {
            isData = position < inline.Length;
            if (isData) end = Math.Min(end, inline.Length);
            return true;
        }

        var index = (uint)(position / Limits.ExtentBytes);
        if (!content.Map.IsKnown(index))
        {
            missing = index;
            return false;
        }

        var extentOffset = (long)index * Limits.ExtentBytes;
        foreach (ref readonly var piece in content.Map.Pieces(index))
        {
            var (from, to) = (extentOffset + piece.Offset, extentOffset + piece.End);
            if (!piece.IsData || to <= position) continue;
            isData = from <= position;
            end = Math.Min(end, isData ? to : from);
            return true;
        }

        return true;
    }
}
