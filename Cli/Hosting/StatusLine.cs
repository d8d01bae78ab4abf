using System.Globalization;
using ClaudeFs.Fuse.Session;

namespace ClaudeFs.Cli.Hosting;

/// <summary>
/// The line that a daemon in the foreground keeps rewriting on a terminal; lines of their own elsewhere.
/// </summary>
internal sealed class StatusLine(bool isShown, TimeProvider time)
{
    private readonly bool _isTerminal = isShown && !Console.IsOutputRedirected;
    private FuseStatistics _last;

    /// <summary>Operations/s, MB/s and cache hits since the last call; nothing where there is no terminal.</summary>
    public void Show(MountedFileSystem mount)
    {
        if (!_isTerminal) return;
        var now = mount.Statistics;
        var report = mount.Report();
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{now.OperationsPerSecond(_last, time):N0} op/s  {now.BytesPerSecond(_last, time) / 1e6:N1} MB/s  "
            + $"hits {report.AttributeHitRatio:P0} names, {report.ChunkHitRatio:P0} data  "
            + $"{ByteSize.Format(report.DirtyBytes)} to flush");
        _last = now;
        Console.Write($"\r\e[K{line}");
    }

    /// <summary>Something to know, on a line of its own.</summary>
    public void Say(string text)
    {
        if (!isShown) return;
        if (_isTerminal) Console.Write("\r\e[K");
        Console.WriteLine(text);
    }
}
