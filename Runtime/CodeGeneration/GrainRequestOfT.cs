using System.Threading.Tasks.Sources;
using Orleans.Scheduling;

namespace OrleansCodeGen.Support;

/// <summary>A call that waits, travels or passes filters, and its answer. Used once, never pooled.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <remarks>
/// It is answered once: by the grain, by the deadline or by the caller's cancellation, whichever comes first. The
/// caller's
/// continuation runs in the context that it awaited in; without one, on the runtime's scheduler, never inside a turn.
/// </remarks>
public abstract class GrainRequest<T> : GrainRequest, IValueTaskSource<T>, IDeadlineEntry
{
    private ManualResetValueTaskSourceCore<T> _answer;
    private System.Runtime.CompilerServices.ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter _inner;
    private Activation? _activation;
    private CancellationTokenRegistration _cancellation;
    private Continuation? _continuation;
    private int _answered;
    private T? _result;

    DeadlineNode IDeadlineEntry.Node { get; } = new();

    /// <summary>Calls the grain.</summary>
    protected abstract ValueTask<T> InvokeAsync(object grain);

    /// <summary>Whether callers get copies of results.</summary>
    protected abstract bool CopiesResult { get; }

    T IValueTaskSource<T>.GetResult(short token) => _answer.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => (_continuation ??= new Continuation(System.Scheduler) { IsQueued = true })
            .Register(ref _answer, continuation, state, token, flags);

    void IDeadlineEntry.Expire(int generation) => Refuse(Refusals.TimedOut(Context));

    /// <summary>The task of the caller; deadline and cancellation count from here.</summary>
    internal ValueTask<T> Begin()
    {
        System.Deadlines.Add(this, Context.Deadline);
        if (Cancellation.CanBeCanceled)
        {
            _cancellation = Cancellation.UnsafeRegister(
                static (state, token) => ((GrainRequest<T>)state!).Refuse(new OperationCanceledException(token)), this);
        }

        return new ValueTask<T>(this, _answer.Version);
    }

    internal bool IsAnswered => Volatile.Read(ref _answered) != 0;

    internal override void Start(Activation activation)
    {
        _activation = activation;
        ValueTask<T> answer;
        try
        {
            answer = PassesFilters && (activation.System.Filters.HasIncoming || activation.Kind.IsFilter)
                ? InvokeFilteredAsync(activation)
                : InvokeAsync(activation.GrainInstance!);
        }
        catch (Exception e)
        {
            answer = ValueTask.FromException<T>(e);
        }

        _inner = answer.ConfigureAwait(System.Scheduler.KeepsOrder).GetAwaiter();
        if (_inner.IsCompleted)
        {
            OnInnerCompleted();
        }
        else
        {
            _inner.UnsafeOnCompleted(OnInnerCompleted);
        }
    }

    internal override void Refuse(Exception exception)
    {
        if (TryAnswer())
        {
            _answer.SetException(exception);
        }
    }

    internal override async ValueTask<object?> InvokeObjectAsync(object grain)
    {
        var result = await InvokeAsync(grain);
        return typeof(T) == typeof(Unit) ? null : result;
    }

    internal override void SetResultObject(object? result) => _result = result is T typed ? typed : default;

    internal override void BeginWaiting() => Begin();

    internal override async ValueTask WhenAnsweredAsync() => _result = await new ValueTask<T>(this, _answer.Version);

    internal override void WriteResult(WireWriter writer)
    {
        if (typeof(T) != typeof(Unit))
        {
            Codecs.WriteField(writer, 1, _result!);
        }
    }

    internal override void ReadResult(ref WireReader reader)
    {
        while (reader.TryReadTag(out var id, out var type))
        {
            if (id == 1 && typeof(T) != typeof(Unit))
            {
                _result = Codecs.Read<T>(ref reader, type);
            }
            else
            {
                reader.Skip(type);
            }
        }
    }

    /// <summary>Answers a call that another process ran, after <see cref="ReadResult"/>.</summary>
    internal override void AnswerRead()
    {
        if (TryAnswer())
        {
            _answer.SetResult(_result!);
        }
    }

    private async ValueTask<T> InvokeFilteredAsync(Activation activation)
    {
        var call = new Orleans.Filters.IncomingCall(this, activation);
        await call.Invoke();
        return call.Result is T result ? result : default!;
    }

    private void OnInnerCompleted()
    {
        T result;
        try
        {
            result = _inner.GetResult();
            if (CopiesResult && !IsAnswered)
            {
                result = Codecs.Copy(result);
            }
        }
        catch (Exception e)
        {
            _activation!.FinishRequest(Context);
            LogOneWay(e);
            Refuse(e);
            return;
        }

        _activation!.FinishRequest(Context);
        if (TryAnswer())
        {
            _answer.SetResult(result);
        }
    }

    private void LogOneWay(Exception exception)
    {
        if (Method.IsOneWay)
        {
            System.Log.OneWayFailed(Method.ToString(), exception);
        }
    }

    private bool TryAnswer()
    {
        if (Interlocked.Exchange(ref _answered, 1) != 0)
        {
            return false;
        }

        System.Deadlines.Remove(this);
        _cancellation.Unregister();
        return true;
    }
}
