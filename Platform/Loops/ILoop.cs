namespace ClaudeFs.Platform.Loops;

/// <summary>
/// A thread of control that runs posted work in order, one item at a time: a committer, a completion thread, a FUSE
/// reader, a notification thread. A simulation runs many loops on one thread in an order drawn from its seed.
/// </summary>
public interface ILoop : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Queues work; never blocks, never runs it before it returns. Exceptions of the work end the process'
    /// loop by way of its fault handler: work catches what it expects.</summary>
    void Post(Action<object?> work, object? state);
}

/// <summary>Makes loops: threads in a process, queues of one scheduler in a simulation.</summary>
public interface ILoopFactory
{
    /// <summary>Starts a loop; the caller disposes it, which runs what is queued and ends it.</summary>
    ILoop Start(string name);
}
