using System.Text.Json;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Silo.Check;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Silo.Scrub;

/// <summary>How scrubs are scheduled.</summary>
/// <param name="Every">From the end of one to the beginning of the next; zero for no schedule.</param>
/// <param name="Rate">Bytes a second at most; 0 for no limit.</param>
internal readonly record struct ScrubSchedule(TimeSpan Every, long Rate);

/// <summary>
/// Runs scrubs, one at a time: those that somebody asks for, and those of the schedule, which counts from the last
/// complete one. Thread-safe.
/// </summary>
/// <remarks>
/// Invariant: <c>_run</c>, <c>_cancel</c> and <c>_ended</c> are set together, and cleared together by the end of the
/// run; all state changes under <c>_gate</c>.
/// </remarks>
public sealed class Scrubber : IAsyncDisposable
{
    // The first minutes after a start belong to those who waited for it.
    private static readonly TimeSpan StartDelay = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromHours(1);
    private static readonly TimeSpan TimerMax = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly ScrubParts _parts;
    private readonly ScrubSchedule _schedule;
    private readonly string _recordPath;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ILoop _loop;
    private readonly ITimer _timer;
    private readonly ScrubInstruments _instruments;
    private ScrubRun? _run;
    private CancellationTokenSource? _cancel;
    private TaskCompletionSource _ended = new();
    private ScrubResult? _last;
    private string? _failure;
    private DateTimeOffset _due;
    private long _readBytes;
    private bool _isClosing;

    internal Scrubber(
        ScrubParts parts, ScrubSchedule schedule, string recordPath, DateTimeOffset created, ILoopFactory loops,
        TimeProvider time, ILogger logger)
    {
        _parts = parts;
        _schedule = schedule;
        _recordPath = recordPath;
        _time = time;
        _logger = logger;
        _last = Load();
        _loop = loops.Start("cfs-scrub");
        _instruments = new(() => Report, () => Volatile.Read(ref _readBytes));
        _timer = time.CreateTimer(
            static state => ((Scrubber)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lock (_gate) Plan((_last?.Ended ?? created) + schedule.Every, StartDelay);
    }

    /// <summary>What runs, what the last one found, when the next one is due.</summary>
    public ScrubReport Report
    {
        get
        {
            lock (_gate)
            {
                return new(_run?.Progress, _last, _failure, _schedule.Every > TimeSpan.Zero ? _due : null);
            }
        }
    }

    /// <summary>
    /// Begins a scrub; false when one runs already, or the silo is closing.
    /// </summary>
    /// <param name="rate">Bytes a second at most; 0 for no limit.</param>
    public bool TryStart(long rate)
    {
        lock (_gate)
        {
            if (_run is not null || _isClosing) return false;
            _run = new(_parts, rate, _time, OnFinding);
            _cancel = new();
            _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _logger.ScrubStarted(rate);
        _loop.Post(static state => _ = ((Scrubber)state!).RunAsync(), this);
        return true;
    }

    /// <summary>Ends the scrub that runs, if one does; completes when it has ended.</summary>
    public async Task StopAsync()
    {
        CancellationTokenSource cancel;
        Task ended;
        lock (_gate)
        {
            if (_run is null) return;
            (cancel, ended) = (_cancel!, _ended.Task);
        }

        await cancel.CancelAsync();
        await ended;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate) _isClosing = true;
        await _timer.DisposeAsync();
        await StopAsync();
        await _loop.DisposeAsync();
        _instruments.Dispose();
    }

    private async Task RunAsync()
    {
        var run = _run!;
        ScrubResult? result = null;
        string? failure = null;
        try
        {
            result = await run.RunAsync(_cancel!.Token);
            ScrubRecord.Save(_recordPath, result);
            _logger.ScrubEnded(result.Ended - result.Started, result.Bytes, result.FindingCount);
        }
        catch (OperationCanceledException)
        {
            failure = "it was stopped";
        }
        catch (Exception fault)
        {
            // The outermost: what a device or a store that closes throws is the result.
            failure = fault.Message;
            _logger.ScrubFailed(fault);
        }

        End(run, result, failure);
    }

    private void End(ScrubRun run, ScrubResult? result, string? failure)
    {
        TaskCompletionSource ended;
        lock (_gate)
        {
            _readBytes += run.Progress.DoneBytes;
            _last = result ?? _last;
            _failure = failure;
            _run = null;
            _cancel = null;   // not disposed: it has no timer, and who stops the run may be at it
            ended = _ended;
            if (result is not null) Plan(result.Ended + _schedule.Every, TimeSpan.Zero);
            else Plan(_due, RetryDelay);
        }

        ended.SetResult();
    }

    // Precondition: the gate is held.
    private void Plan(DateTimeOffset due, TimeSpan delay)
    {
        if (_schedule.Every <= TimeSpan.Zero || _isClosing) return;
        var earliest = _time.GetUtcNow() + (delay < _schedule.Every ? delay : _schedule.Every);
        _due = due < earliest ? earliest : due;
        SetTimer();
    }

    private void SetTimer()
    {
        var wait = _due - _time.GetUtcNow();
        if (wait < TimeSpan.Zero) wait = TimeSpan.Zero;
        _timer.Change(wait < TimerMax ? wait : TimerMax, Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            // One that runs plans the next when it ends.
            if (_isClosing || _run is not null) return;
            if (_time.GetUtcNow() < _due)
            {
                SetTimer();
                return;
            }
        }

        TryStart(_schedule.Rate);
    }

    private void OnFinding(Finding finding) => _logger.ScrubFound(finding.Where, finding.What);

    private ScrubResult? Load()
    {
        try
        {
            return ScrubRecord.Load(_recordPath);
        }
        catch (Exception fault) when (fault is IOException or JsonException or UnauthorizedAccessException)
        {
            _logger.ScrubRecordLost(_recordPath, fault.Message);
            return null;
        }
    }
}
