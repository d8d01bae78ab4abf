using System.Threading.Tasks.Sources;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>Someone who waits for a sequence of a shard to be committed. Completed on the store's ack loop.</summary>
internal abstract class CommitWaiter
{
    /// <summary>The sequence waited for.</summary>
    public ulong Sequence { get; protected set; }

    /// <summary>Lets the waiter go on: with its answer, or with EIO when the commit failed. Called once.</summary>
    public abstract void Complete(bool isCommitted);
}

/// <summary>A pooled waiter that holds the answer meanwhile.</summary>
internal sealed class CommitWaiter<T> : CommitWaiter, IValueTaskSource<FsResult<T>>
{
    private static readonly Pool<CommitWaiter<T>> Pool = new(() => new(), StoreLimits.PooledMax);
    private ManualResetValueTaskSourceCore<FsResult<T>> _core;
    private FsResult<T> _answer;

    public static CommitWaiter<T> Rent(ulong sequence, in FsResult<T> answer)
    {
        var waiter = Pool.Rent();
        waiter.Sequence = sequence;
        waiter._answer = answer;
        return waiter;
    }

    public ValueTask<FsResult<T>> Task => new(this, _core.Version);

    public override void Complete(bool isCommitted)
    {
        var answer = isCommitted ? _answer : FsError.EIO;
        _answer = default;
        _core.SetResult(answer);
    }

    FsResult<T> IValueTaskSource<FsResult<T>>.GetResult(short token)
    {
        var answer = _core.GetResult(token);
        _core.Reset();
        Pool.Return(this);
        return answer;
    }

    ValueTaskSourceStatus IValueTaskSource<FsResult<T>>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<FsResult<T>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
