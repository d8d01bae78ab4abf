using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Fuse.Session;

/// <summary>Work on a loop whose end can be awaited.</summary>
internal static class LoopWork
{
    /// <summary>Runs <paramref name="work"/> on the loop, because it may block.</summary>
    internal static Task<T> RunAsync<T>(this ILoop loop, Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Post(_ =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        }, null);
        return done.Task;
    }
}
