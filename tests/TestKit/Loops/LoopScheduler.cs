using ClaudeFs.Platform.Loops;

#pragma warning disable VSTHRD002 // what is waited for has ended: this thread has run it

namespace ClaudeFs.TestKit.Loops;

/// <summary>
/// Many loops on the caller's thread: which of those that have work runs next is drawn from a seed, and the items of
/// one loop keep their order. Work may be posted from anywhere; it runs within <see cref="RunOne"/> and
/// <see cref="RunAll"/>.
/// </summary>
public sealed class LoopScheduler : ILoopFactory
{
    private readonly Lock _lock = new();
    private readonly Random _random;
    private readonly List<SimulatedLoop> _ready = [];

    /// <summary>
    /// A scheduler for the caller's thread, which loses the synchronization context that its test framework gave it:
    /// continuations would go there, and run when they like.
    /// </summary>
    public LoopScheduler(int seed)
    {
        _random = new(seed);
        SynchronizationContext.SetSynchronizationContext(null);
    }

    /// <summary>Hash of which loop ran when: the same for the same seed and the same program.</summary>
    public ulong TraceHash { get; private set; } = 14695981039346656037;

    /// <summary>Items run so far.</summary>
    public long RunCount { get; private set; }

    /// <summary>Told the loop's name before each item.</summary>
    public Action<string>? Running { get; set; }

    /// <inheritdoc />
    public ILoop Start(string name) => new SimulatedLoop(this, name);

    /// <summary>Queues an item that keeps no order with any other: as a thread pool would run it.</summary>
    public void PostUnordered(string name, Action<object?> work, object? state) =>
        new SimulatedLoop(this, name).Post(work, state);

    /// <summary>Runs one item of some loop; false when none has work.</summary>
    public bool RunOne()
    {
        (Action<object?> Work, object? State) item;
        string name;
        lock (_lock)
        {
            if (_ready.Count == 0) return false;
            var at = _random.Next(_ready.Count);
            var loop = _ready[at];
            name = loop.Name;
            item = loop.Queue.Dequeue();
            if (loop.Queue.Count == 0) _ready.RemoveAt(at);
            foreach (var letter in loop.Name) TraceHash = (TraceHash ^ letter) * 1099511628211;
            RunCount++;
        }

        Running?.Invoke(name);
        item.Work(item.State);
        return true;
    }

    /// <summary>Runs until no loop has work, at most <paramref name="itemsMax"/> items.</summary>
    public void RunAll(long itemsMax = 10_000_000)
    {
        while (RunOne())
        {
            if (itemsMax-- == 0) throw new InvalidOperationException("The loops do not come to rest");
        }
    }

    /// <summary>Runs until the task has ended, and gives its result.</summary>
    public T Run<T>(ValueTask<T> task) => Finish(task.AsTask()).GetAwaiter().GetResult();

    /// <summary>Runs until the task has ended.</summary>
    public void Run(ValueTask task) => Finish(task.AsTask()).GetAwaiter().GetResult();

    /// <summary>Runs until the task has ended.</summary>
    public void Run(Task task) => Finish(task).GetAwaiter().GetResult();

    private TTask Finish<TTask>(TTask task)
        where TTask : Task
    {
        while (!task.IsCompleted)
        {
            if (RunOne()) continue;
            throw new InvalidOperationException("No loop has work, and what was waited for has not ended");
        }

        return task;
    }

    private sealed class SimulatedLoop(LoopScheduler scheduler, string name) : ILoop
    {
        public Queue<(Action<object?> Work, object? State)> Queue { get; } = new();

        public string Name => name;

        public void Post(Action<object?> work, object? state)
        {
            lock (scheduler._lock)
            {
                if (Queue.Count == 0) scheduler._ready.Add(this);
                Queue.Enqueue((work, state));
            }
        }

        public ValueTask DisposeAsync()
        {
            while (TryTake(out var item)) item.Work(item.State);
            return ValueTask.CompletedTask;
        }

        private bool TryTake(out (Action<object?> Work, object? State) item)
        {
            lock (scheduler._lock)
            {
                if (!Queue.TryDequeue(out item)) return false;
                if (Queue.Count == 0) scheduler._ready.Remove(this);
                return true;
            }
        }
    }
}
