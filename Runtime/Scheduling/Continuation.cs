using System.Threading.Tasks.Sources;

namespace Orleans.Scheduling;

/// <summary>
/// A caller's continuation. With a context captured it is posted there. Without one it runs where the answer is given -
/// the thread that committed, say - unless that is inside a turn: then it is queued, so that no foreign code holds a
/// turn.
/// </summary>
/// <remarks>A field of what answers, which must stay one object until the continuation has run: nothing is
/// allocated.</remarks>
internal sealed class Continuation(WorkScheduler scheduler)
{
    private static readonly Action<object?> s_run = static c => ((Continuation)c!).Run();
    private Action<object?>? _action;
    private object? _state;

    /// <summary>Whether code without a context must always be queued, as after an answer from the network.</summary>
    internal bool IsQueued { get; set; }

    internal void Register<T>(
        ref ManualResetValueTaskSourceCore<T> answer,
        Action<object?> continuation,
        object? state,
        short token,
        ValueTaskSourceOnCompletedFlags flags)
    {
        if ((flags & ValueTaskSourceOnCompletedFlags.UseSchedulingContext) != 0
            && SynchronizationContext.Current is not null)
        {
            answer.OnCompleted(continuation, state, token, flags);
            return;
        }

        _action = continuation;
        _state = state;
        answer.OnCompleted(s_run, this, token, flags);
    }

    private void Run()
    {
        var (action, state) = (_action!, _state);
        _action = null;
        _state = null;
        if (IsQueued || CallContext.Current is not null)
        {
            scheduler.Post(action, state);
        }
        else
        {
            action(state);
        }
    }
}
