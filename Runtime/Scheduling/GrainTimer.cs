using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <summary>A timer whose ticks are calls of its activation: one at a time, the next counted from the end of the
/// last.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly GrainTimerCreationOptions _options;
    private readonly CancellationTokenSource _disposal = new();
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private TimeSpan _period;
    private bool _isTicking;
    private TimeSpan? _changedDue;

    private GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _callback = callback;
        _options = options;
        _period = options.Period;
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
        {
            _period = period;
            if (_isTicking)
            {
                _changedDue = dueTime;
            }
            else
            {
                _timer?.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose()
    {
        ITimer? timer;
        lock (_gate)
        {
            (timer, _timer) = (_timer, null);
        }

        if (timer is not null)
        {
            timer.Dispose();
            _disposal.Cancel();
            _activation.RemoveTimer(this);
        }
    }

    internal static GrainTimer Start(
        Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer(activation, callback, options);
        activation.AddTimer(timer);
        lock (timer._gate)
        {
            timer._timer = activation.System.Time.CreateTimer(
                static state => ((GrainTimer)state!).Queue(), timer, options.DueTime, Timeout.InfiniteTimeSpan);
        }

        return timer;
    }

    private void Queue()
    {
        lock (_gate)
        {
            if (_timer is null || _isTicking)
            {
                return;
            }

            _isTicking = true;
        }

        var method = _options.Interleave ? LifeMethods.InterleavingTimer : LifeMethods.Timer;
        _activation.Accept(new Tick(this)
        {
            System = _activation.System,
            Method = method,
            Context = new CallContext(_activation, null, method, long.MaxValue, null),
        });
    }

    private void OnTickEnded()
    {
        lock (_gate)
        {
            _isTicking = false;
            var due = _changedDue ?? _period;
            _changedDue = null;
            _timer?.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>One tick, waiting for its turn like a call.</summary>
    private sealed class Tick(GrainTimer timer) : GrainRequest<Unit>
    {
        protected override bool CopiesResult => false;

        internal override bool KeepsAlive => timer._options.KeepAlive;

        public override int GetArgumentCount() => 0;

        public override object? GetArgument(int index) => throw new ArgumentOutOfRangeException(nameof(index));

        public override void SetArgument(int index, object value)
            => throw new ArgumentOutOfRangeException(nameof(index));

        public override void CopyArguments()
        {
            // A tick has no arguments.
        }

        public override void WriteArguments(WireWriter writer)
        {
            // A tick has no arguments.
        }

        public override bool TryReadArgument(ref WireReader reader, uint wireId, WireType type) => false;

        public override void SetCancellation(CancellationToken cancellation)
        {
            // A tick is cancelled by its timer's end.
        }

        internal override bool PassesFilters => false;

        protected override async ValueTask<Unit> InvokeAsync(object grain)
        {
            try
            {
                if (!timer._disposal.IsCancellationRequested)
                {
                    await timer._callback(timer._disposal.Token);
                }
            }
            catch (Exception e)
            {
                timer._activation.System.Log.TimerFailed(timer._activation.GrainId, e);
            }
            finally
            {
                timer.OnTickEnded();
            }

            return default;
        }

        internal override void Refuse(Exception exception)
        {
            timer._activation.System.Log.TimerFailed(timer._activation.GrainId, exception);
            timer.OnTickEnded();
            base.Refuse(exception);
        }
    }
}
