using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <summary>
/// The answer of a call that was run in line and has not ended: passes the grain's own pending task on to the caller,
/// ends the call in the activation, and watches the deadline. Pooled: thousands wait at once for one commit.
/// </summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <remarks>
/// Two sides hold it: the grain's task and the caller. It goes back to the pool when both are done. A caller that never
/// awaits keeps it from the pool, nothing else.
/// </remarks>
internal sealed class PendingCall<T> : IValueTaskSource<T>, IDeadlineEntry
{
    private static readonly Lock s_poolGate = new();
    private static readonly Stack<PendingCall<T>> s_pool = new();

    private readonly Action _onInnerCompleted;
    private readonly Continuation _continuation;
    private ManualResetValueTaskSourceCore<T> _answer;
    private ConfiguredValueTaskAwaitable<T>.ConfiguredValueTaskAwaiter _inner;
    private Activation? _activation;
    private CallContext? _context;
    private bool _isCopied;
    private int _generation;
    private int _state;
    private int _sides;

    private PendingCall(WorkScheduler scheduler)
    {
        Scheduler = scheduler;
        _continuation = new Continuation(scheduler);
        _onInnerCompleted = OnInnerCompleted;
    }

    public DeadlineNode Node { get; } = new();

    private WorkScheduler Scheduler { get; }

    /// <summary>Follows <paramref name="answer"/>, which must not have been awaited.</summary>
    internal static ValueTask<T> Begin(Activation activation, CallContext context, ValueTask<T> answer, bool isCopied)
    {
        var call = Rent(activation.System.Scheduler);
        call._activation = activation;
        call._context = context;
        call._isCopied = isCopied;
        var generation = ++call._generation;
        Volatile.Write(ref call._state, generation * 2);
        Volatile.Write(ref call._sides, 2);
        var task = new ValueTask<T>(call, call._answer.Version);
        activation.System.Deadlines.Add(call, context.Deadline, generation);
        call._inner = answer.ConfigureAwait(call.Scheduler.KeepsOrder).GetAwaiter();
        call._inner.UnsafeOnCompleted(call._onInnerCompleted);
        return task;
    }

    public void Expire(int generation)
    {
        // Whoever wins the generation holds the object: the other side cannot give it back before the answer is set.
        if (TryAnswer(generation))
        {
            _answer.SetException(Refusals.TimedOut(_context!));
        }
    }

    T IValueTaskSource<T>.GetResult(short token)
    {
        try
        {
            return _answer.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _answer.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _continuation.Register(ref _answer, continuation, state, token, flags);

    private static PendingCall<T> Rent(WorkScheduler scheduler)
    {
        lock (s_poolGate)
        {
            if (s_pool.TryPop(out var pooled) && ReferenceEquals(pooled.Scheduler, scheduler))
            {
                return pooled;
            }
        }

        return new PendingCall<T>(scheduler);
    }

    private void OnInnerCompleted()
    {
        var context = _context!;
        var activation = _activation!;
        T result;
        try
        {
            result = _inner.GetResult();
            if (_isCopied)
            {
                result = Codecs.Copy(result);
            }
        }
        catch (Exception e)
        {
            activation.FinishRequest(context);
            if (TryAnswer(_generation))
            {
                activation.System.Deadlines.Remove(this);
                _answer.SetException(e);
            }

            Release();
            return;
        }

        activation.FinishRequest(context);
        if (TryAnswer(_generation))
        {
            activation.System.Deadlines.Remove(this);
            _answer.SetResult(result);
        }

        Release();
    }

    /// <summary>Takes the right to answer this use of the object.</summary>
    private bool TryAnswer(int generation)
        => Interlocked.CompareExchange(ref _state, (generation * 2) + 1, generation * 2) == generation * 2;

    private void Release()
    {
        if (Interlocked.Decrement(ref _sides) != 0)
        {
            return;
        }

        _inner = default;
        _activation = null;
        _context = null;
        _answer.Reset();
        lock (s_poolGate)
        {
            if (s_pool.Count < RuntimeLimits.PooledCallsMax)
            {
                s_pool.Push(this);
            }
        }
    }
}
