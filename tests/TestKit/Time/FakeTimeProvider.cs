namespace ClaudeFs.TestKit.Time;

/// <summary>
/// A clock that stands still until it is told to go on; timers run within <see cref="Advance"/>, in their order.
/// </summary>
public sealed class FakeTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<FakeTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _timersMade;

    /// <inheritdoc />
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>When the next timer is due; null when none is set.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_lock)
            {
                return NextTimer()?.Due;
            }
        }
    }

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    /// <inheritdoc />
    public override long GetTimestamp() => GetUtcNow().Ticks;

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state, Interlocked.Increment(ref _timersMade));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock; what is due runs at its own time, on the caller's thread.</summary>
    public void Advance(TimeSpan time)
    {
        DateTimeOffset end;
        lock (_lock)
        {
            end = _now + time;
        }

        while (TakeDue(end) is { } timer) timer.Run();
        lock (_lock)
        {
            if (end > _now) _now = end;
        }
    }

    private FakeTimer? TakeDue(DateTimeOffset end)
    {
        lock (_lock)
        {
            if (NextTimer() is not { } timer || timer.Due > end) return null;
            if (timer.Due > _now) _now = timer.Due!.Value;
            timer.Due = timer.Period > TimeSpan.Zero ? timer.Due + timer.Period : null;
            if (timer.Due is null) _timers.Remove(timer);
            return timer;
        }
    }

    private FakeTimer? NextTimer()
    {
        FakeTimer? next = null;
        foreach (var timer in _timers)
        {
            if (next is null || timer.Due < next.Due || (timer.Due == next.Due && timer.Number < next.Number))
                next = timer;
        }

        return next;
    }

    private sealed class FakeTimer(FakeTimeProvider clock, TimerCallback callback, object? state, long number) : ITimer
    {
        public long Number => number;

        public DateTimeOffset? Due { get; set; }

        public TimeSpan Period { get; private set; }

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                clock._timers.Remove(this);
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock._now + dueTime;
                Period = period == Timeout.InfiniteTimeSpan ? TimeSpan.Zero : period;
                if (Due is not null) clock._timers.Add(this);
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return ValueTask.CompletedTask;
        }
    }
}
