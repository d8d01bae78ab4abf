using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;
using ClaudeFs.Silo.Check;
using CheckFinding = ClaudeFs.DataPlane.Storage.Check.CheckFinding;

namespace ClaudeFs.Silo.Scrub;

/// <summary>
/// One scrub: the log that is still needed, all pages of the tables, all that is live in the segments, from the disk
/// and by their checksums, beside all other use. Changes nothing. Progress can be read by any thread.
/// </summary>
/// <param name="parts">What is read.</param>
/// <param name="rate">Bytes a second at most; 0 for no limit.</param>
/// <param name="time">Clock of rate and progress.</param>
/// <param name="onFinding">Told of each finding at once.</param>
internal sealed class ScrubRun(ScrubParts parts, long rate, TimeProvider time, Action<Finding> onFinding)
    : IScrubObserver
{
    private const int PageReadBytes = 256 << 10;
    private const int ReadsMax = 3;
    private const string Advice = "Stop, and run `cfs fsck --repair`";

    // What is written meanwhile may be read half: that is over when it is read again.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // Shorter waits cost more than they are worth.
    private static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly long _startedAt = time.GetTimestamp();
    private readonly List<Finding> _findings = [];
    private readonly HashSet<ChunkLocation> _lost = [];
    private string _doing = "log";
    private long _doneBytes;
    private long _totalBytes;
    private int _findingCount;
    private TimeSpan _paidUntil;

    /// <summary>How far it is.</summary>
    public ScrubProgress Progress
    {
        get
        {
            lock (_gate)
            {
                var seconds = time.GetElapsedTime(_startedAt).TotalSeconds;
                var perSecond = seconds > 0 ? _doneBytes / seconds : 0;
                double? left = perSecond > 0 ? Math.Max(0, _totalBytes - _doneBytes) / perSecond : null;
                return new(_started, _doing, _doneBytes, _totalBytes, perSecond, left, _findingCount);
            }
        }
    }

    /// <summary>
    /// Reads everything. Throws <see cref="FsException"/> when the metadata cannot be brought into the tables.
    /// </summary>
    public async Task<ScrubResult> RunAsync(CancellationToken cancellationToken)
    {
        // Then the tables and counts hold all that was committed before: of what failed earlier, what they hold.
        if (!parts.Metadata.IsReadOnly(out _)) await parts.Metadata.DrainAsync();
        parts.Index.Checkpoint();
        foreach (var file in parts.Pages.Files) file.Device.RefreshSize();
        Begin("log", parts.Log.UsedBytes + parts.Blocks.ScrubBytes
            + parts.Pages.Files.Sum(static file => file.Device.SizeBytes));
        foreach (var fault in await parts.Log.VerifyAsync(ReadAsync, cancellationToken))
        {
            Add(new(Finding.Damage, fault, parts.Log.Name, Advice));
        }

        Begin("tables");
        foreach (var file in parts.Pages.Files) await ReadPagesAsync(file, cancellationToken);
        Begin("segments");
        await parts.Blocks.ScrubAsync(this, cancellationToken);
        Begin("names");
        NameFiles();
        lock (_gate) return new(_started, time.GetUtcNow(), _doneBytes, _findingCount, [.. _findings]);
    }

    /// <inheritdoc />
    public async ValueTask ReadAsync(long bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan ahead;
        lock (_gate)
        {
            _doneBytes += bytes;
            if (rate <= 0) return;

            // What was not used while the disk was slow is not caught up with.
            var now = time.GetElapsedTime(_startedAt);
            if (_paidUntil < now) _paidUntil = now;
            _paidUntil += TimeSpan.FromSeconds((double)bytes / rate);
            ahead = _paidUntil - now;
        }

        if (ahead >= WaitMin) await Task.Delay(ahead, time, cancellationToken);
    }

    /// <inheritdoc />
    public void Found(CheckFinding finding, ChunkLocation? lost)
    {
        if (lost is { } location) _lost.Add(location);
        Add(DataDirectoryCheck.Translate(finding));
    }

    private void Begin(string what, long? totalBytes = null)
    {
        lock (_gate)
        {
            _doing = what;
            _totalBytes = totalBytes ?? _totalBytes;
        }
    }

    private void Add(Finding finding)
    {
        lock (_gate)
        {
            _findingCount++;
            if (_findings.Count < Limits.ScrubFindingsMax) _findings.Add(finding);
        }

        onFinding(finding);
    }

    private async ValueTask ReadPagesAsync(PageFile file, CancellationToken cancellationToken)
    {
        using var buffer = AlignedMemoryPool.Shared.Rent(PageReadBytes);
        var end = file.Device.SizeBytes / file.PageBytes * file.PageBytes;
        for (var offset = 0L; offset < end; offset += PageReadBytes)
        {
            var bytes = (int)Math.Min(PageReadBytes, end - offset);
            var isRead = await TryReadAsync(file, offset, buffer.Memory[..bytes], cancellationToken);
            for (var at = 0; at < bytes; at += file.PageBytes)
            {
                if (isRead && IsWhole(file, buffer.GetSpan().Slice(at, file.PageBytes), offset + at)) continue;
                await ReadPageAgainAsync(file, offset + at, cancellationToken);
            }
        }
    }

    private async ValueTask ReadPageAgainAsync(PageFile file, long offset, CancellationToken cancellationToken)
    {
        using var page = AlignedMemoryPool.Shared.Rent(file.PageBytes);
        var memory = page.Memory[..file.PageBytes];
        for (var reads = 1; reads < ReadsMax; reads++)
        {
            await Task.Delay(Pause, time, cancellationToken);
            file.Device.RefreshSize();
            if (offset >= file.Device.SizeBytes) return;   // cut off meanwhile
            if (!await TryReadAsync(file, offset, memory, cancellationToken)) continue;
            if (IsWhole(file, memory.Span, offset)) return;
        }

        Add(new(
            Finding.Damage, "A page cannot be read or has a wrong checksum", $"{file.Device.Name} at offset {offset}",
            Advice));
    }

    private async ValueTask<bool> TryReadAsync(
        PageFile file, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            await file.Device.ReadAsync(offset, destination, cancellationToken);
            return true;
        }
        catch (FsException)
        {
            return false;   // told by who reads it again
        }
        finally
        {
            await ReadAsync(destination.Length, cancellationToken);
        }
    }

    private static bool IsWhole(PageFile file, ReadOnlySpan<byte> page, long offset)
    {
        var number = (uint)(offset / file.PageBytes) + 1;
        return PageChecksumVfs.IsWhole(page, number) || PageChecksumVfs.IsNeverWritten(number, file.PageBytes);
    }

    private void NameFiles()
    {
        try
        {
            foreach (var file in FileFinder.Over(parts.Rows).Find(_lost))
            {
                Add(DataDirectoryCheck.DescribeLoss(file));
            }
        }
        catch (FsException fault)
        {
            Add(new(Finding.Damage, $"The files of damaged items cannot be named: {fault.Message}", parts.Rows.Name,
                Advice));
        }
    }
}
