namespace ClaudeFs.Fuse.Session;

/// <summary>The end of a value task that is known to have completed.</summary>
internal static class CompletedTask
{
    /// <summary>Gives the task's pooled state back, and throws what it ended with.</summary>
    internal static void Consume(this ValueTask completed)
    {
        Primitives.Invariant.That(completed.IsCompleted);
#pragma warning disable VSTHRD002 // it has completed: nothing is waited for
        completed.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }
}
