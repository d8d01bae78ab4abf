using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <content>Coming up and going.</content>
internal sealed partial class Activation
{
    private static readonly SendOrPostCallback s_activated = static state => ((Activation)state!).OnActivated();
    private static readonly SendOrPostCallback s_deactivated = static state => ((Activation)state!).OnDeactivated();

    private readonly TaskCompletionSource _gone;
    private Task _lifeTask = Task.CompletedTask;
    private CallContext? _lifeContext;
    private DeactivationRequest? _deactivation;
    private long _keepUntil;
    private List<GrainTimer>? _timers;

    private bool IsDeactivationWanted => Volatile.Read(ref _deactivation) is not null;

    private bool IsLifeChanging => IsDeactivationWanted || _state >= ActivationState.Deactivating;

    private bool MustContinueLife => (_state <= ActivationState.Valid && _state != ActivationState.Activating
            && IsDeactivationWanted && RunningCount == 0)
        || (_state == ActivationState.Invalid && _waiting.Count > 0);

    /// <summary>Starts the deactivation when what runs has ended; queued calls go to the next activation.</summary>
    internal void BeginDeactivate(DeactivationReason reason)
    {
        Interlocked.CompareExchange(ref _deactivation, new DeactivationRequest(reason), null);
        Wake(force: true);
    }

    internal void DelayDeactivation(TimeSpan time)
        => _keepUntil = time == TimeSpan.MaxValue || time == Timeout.InfiniteTimeSpan
            ? long.MaxValue
            : System.Now + System.ToTimestamp(time);

    internal bool IsUnusedFor(TimeSpan age) => System.Now - LastUsed >= System.ToTimestamp(age);

    /// <summary>Lets the activation go if it is idle, was not called for its age limit, and nothing of it is
    /// uncommitted.</summary>
    internal bool TryCollect(TimeSpan ageLimit, DeactivationReason reason)
    {
        if (Interlocked.CompareExchange(ref _turn, 1, 0) != 0)
        {
            return false;
        }

        var isIdle = _state == ActivationState.Valid && RunningCount == 0 && WaitingCount == 0 && !HasWork
            && IsUnusedFor(ageLimit) && System.Now >= _keepUntil && !System.HasUncommittedWork(this);
        if (isIdle)
        {
            Interlocked.CompareExchange(ref _deactivation, new DeactivationRequest(reason), null);
            System.Scheduler.Post(this);
        }
        else
        {
            ReleaseTurn();
        }

        return isIdle;
    }

    internal void AddTimer(GrainTimer timer)
    {
        lock (_gone)
        {
            (_timers ??= []).Add(timer);
        }
    }

    internal void RemoveTimer(GrainTimer timer)
    {
        lock (_gone)
        {
            _timers?.Remove(timer);
        }
    }

    /// <summary>A step of coming up or going, if one is due; the caller owns the turn.</summary>
    private bool ContinueLife()
    {
        if (!MustContinueLife)
        {
            return false;
        }

        if (_state == ActivationState.Invalid)
        {
            Interlocked.Decrement(ref _mailboxCount);
            System.Forward(_waiting.Dequeue());
        }
        else if (_state == ActivationState.Created)
        {
            OnDeactivated();
        }
        else
        {
            BeginDeactivation();
        }

        return true;
    }

    private void BeginLife()
    {
        if (_state != ActivationState.Created)
        {
            return;
        }

        _state = ActivationState.Activating;
        _lifeContext = new CallContext(this, null, LifeMethods.Activate, long.MaxValue, null);
        BeginLifeTask(ActivateAsync, s_activated, OnActivated);
    }

    private void BeginDeactivation()
    {
        _state = ActivationState.Deactivating;
        _lifeContext = new CallContext(this, null, LifeMethods.Deactivate, long.MaxValue, null);
        BeginLifeTask(DeactivateAsync, s_deactivated, OnDeactivated);
    }

    private void BeginLifeTask(Func<Task> begin, SendOrPostCallback onCompleted, Action onCompletedNow)
    {
        var context = _lifeContext!;
        SynchronizationContext.SetSynchronizationContext(context);
        _lifeTask = begin();
        if (_lifeTask.IsCompleted)
        {
            onCompletedNow();
            return;
        }

        _lifeTask.ConfigureAwait(System.Scheduler.KeepsOrder).GetAwaiter()
            .UnsafeOnCompleted(() => PostContinuation(context, onCompleted, this));
    }

    private async Task ActivateAsync()
    {
        var before = ActivationScope.Set(this);
        try
        {
            GrainInstance = Kind.Create(this);
        }
        finally
        {
            ActivationScope.Set(before);
        }

        using var timeout = new CancellationTokenSource(System.Options.ActivationTimeout, System.Time);
        if (_lifecycle is { } lifecycle)
        {
            await lifecycle.StartAsync(timeout.Token);
        }

        if (GrainInstance is IGrainBase grain)
        {
            await grain.OnActivateAsync(timeout.Token);
        }
    }

    private async Task DeactivateAsync()
    {
        DisposeTimers();
        using var timeout = new CancellationTokenSource(System.Options.DeactivationTimeout, System.Time);
        try
        {
            if (GrainInstance is IGrainBase grain)
            {
                await grain.OnDeactivateAsync(_deactivation!.Reason, timeout.Token)
                    .WaitAsync(System.Options.DeactivationTimeout, System.Time, CancellationToken.None);
            }
        }
        finally
        {
            if (_lifecycle is { } lifecycle)
            {
                await lifecycle.StopAsync(timeout.Token);
            }
        }
    }

    private void OnActivated()
    {
        _lifeContext!.IsFinished = true;
        if (_lifeTask.IsCompletedSuccessfully)
        {
            LastUsed = System.Now;
            _state = ActivationState.Valid;
            System.Catalog.OnActivated(this);
            return;
        }

        var failure = FailureOf(_lifeTask);
        System.Log.ActivationFailed(GrainId, failure);
        Interlocked.CompareExchange(
            ref _deactivation,
            new DeactivationRequest(new(DeactivationReasonCode.ActivationFailed, failure, "The activation failed.")),
            null);
        Leave();
        while (_waiting.TryDequeue(out var request))
        {
            Interlocked.Decrement(ref _mailboxCount);
            request.Refuse(failure);
        }

        // What came in meanwhile is refused as well: sent on, it would only try again at once.
        for (var count = _inbox?.Count ?? 0; count > 0 && _inbox!.TryDequeue(out var item); count--)
        {
            if (item.Callback is null)
            {
                Interlocked.Decrement(ref _mailboxCount);
                ((GrainRequest)item.State!).Refuse(failure);
            }
            else
            {
                item.Callback(item.State);
            }
        }
    }

    private void OnDeactivated()
    {
        if (_lifeTask.IsFaulted || _lifeTask.IsCanceled)
        {
            System.Log.DeactivationFailed(GrainId, FailureOf(_lifeTask));
        }

        Leave();
    }

    private void Leave()
    {
        if (_lifeContext is not null)
        {
            _lifeContext.IsFinished = true;
        }

        DisposeTimers();
        _state = ActivationState.Invalid;
        System.Catalog.Remove(this);
        _ = DisposeServicesAsync();
    }

    private async Task DisposeServicesAsync()
    {
        try
        {
            if (GrainInstance is IAsyncDisposable asyncDisposable && !Kind.IsObserver)
            {
                await asyncDisposable.DisposeAsync();
            }
            else if (GrainInstance is IDisposable disposable && !Kind.IsObserver)
            {
                disposable.Dispose();
            }

            if (_services is { } services)
            {
                await services.DisposeAsync();
            }
        }
        catch (Exception e)
        {
            System.Log.DeactivationFailed(GrainId, e);
        }
        finally
        {
            _gone.TrySetResult();
        }
    }

    private void DisposeTimers()
    {
        List<GrainTimer>? timers;
        lock (_gone)
        {
            (timers, _timers) = (_timers, null);
        }

        foreach (var timer in timers ?? [])
        {
            timer.Dispose();
        }
    }

    private static Exception FailureOf(Task task)
        => task.Exception?.InnerException ?? new OperationCanceledException("The activation was cancelled");

    private sealed record DeactivationRequest(DeactivationReason Reason);
}

/// <summary>Names under which the runtime's own calls appear in a chain.</summary>
internal static class LifeMethods
{
    internal static readonly GrainMethod Activate = Make("OnActivateAsync");
    internal static readonly GrainMethod Deactivate = Make("OnDeactivateAsync");
    internal static readonly GrainMethod Timer = Make("Timer");
    internal static readonly GrainMethod InterleavingTimer = new(
        0, "Timer", CodeGeneration.InvokeMethodOptions.AlwaysInterleave, 0, static ()
            => throw new InvalidOperationException());

    private static GrainMethod Make(string name)
        => new(0, name, CodeGeneration.InvokeMethodOptions.None, 0, static () => throw new InvalidOperationException());
}
