using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// What an operation came to in its turn: an answer that leaves when it is committed. It is passed on, not awaited:
/// nothing of the grain runs after the commit, so the answer goes from the thread that committed straight to the
/// caller, without another turn and without a state machine of its own.
/// </summary>
internal readonly struct Decision<T>(ValueTask<FsResult<T>> answer)
{
    public static implicit operator Decision<T>(FsError error) => new(new ValueTask<FsResult<T>>(error));

    public static implicit operator Decision<T>(ValueTask<FsResult<T>> answer) => new(answer);

#pragma warning disable MA0042, VSTHRD103 // it has completed: nothing is waited for
    /// <summary>The answer, also while the decision itself has to wait for leases or intents.</summary>
    public static ValueTask<FsResult<T>> AnswerAsync(ValueTask<Decision<T>> decided) =>
        decided.IsCompletedSuccessfully ? decided.Result.Answer : WaitAsync(decided);
#pragma warning restore MA0042, VSTHRD103

    private ValueTask<FsResult<T>> Answer => answer;

    private static async ValueTask<FsResult<T>> WaitAsync(ValueTask<Decision<T>> decided) =>
        await (await decided).Answer;
}
