using ClaudeFs.Platform.Loops;

namespace ClaudeFs.TestKit.Simulation;

/// <summary>
/// One process of a simulated world: its loops, its clock, its thread pool. When it is killed, nothing of it runs any
/// more, wherever it was.
/// </summary>
public sealed class SimulatedProcess : ILoopFactory
{
    private readonly SimulatedWorld _world;
    private readonly int _thread = Environment.CurrentManagedThreadId;

    internal SimulatedProcess(SimulatedWorld world, string name)
    {
        _world = world;
        Name = name;
        Context = new ProcessContext(this);
        Time = new ProcessTime(this);
    }

    /// <summary>For traces and messages.</summary>
    public string Name { get; }

    /// <summary>Where continuations of this process go on: in any order, as on a thread pool.</summary>
    public SynchronizationContext Context { get; }

    /// <summary>The world's clock; timers of it are this process'.</summary>
    public TimeProvider Time { get; }

    /// <summary>Whether it was killed.</summary>
    public bool IsDead { get; private set; }

    /// <inheritdoc />
    public ILoop Start(string name) => new ProcessLoop(this, _world.Scheduler.Start($"{Name}.{name}"));

    /// <summary>Ends it as SIGKILL does.</summary>
    public void Kill()
    {
        IsDead = true;
        _world.Trace.Add("killed", Name);
    }

    /// <summary>Queues work that keeps no order with other work.</summary>
    public void Post(string name, Action<object?> work, object? state)
    {
        CheckThread();
        if (IsDead) return;
        _world.Scheduler.PostUnordered(
            $"{Name}.{name}", static item => ((Item)item!).Run(), new Item(this, work, state));
    }

    /// <summary>
    /// Starts asynchronous work in this process; its task ends with it, or never when the process is killed.
    /// </summary>
    public Task BeginAsync(Func<Task> start)
    {
        var ended = new TaskCompletionSource();
        Post("begin", _ => _ = FollowAsync(start, ended), null);
        return ended.Task;
    }

    private static async Task FollowAsync(Func<Task> start, TaskCompletionSource ended)
    {
        try
        {
            await start();
            ended.SetResult();
        }
        catch (Exception fault)
        {
            ended.SetException(fault);
        }
    }

    // A thread of its own somewhere would make the order of things depend on the machine.
    private void CheckThread()
    {
        if (Environment.CurrentManagedThreadId == _thread) return;
        throw new SimulationFailureException(
            $"Work was posted to {Name} by another thread: something left the simulation.\n{Environment.StackTrace}");
    }

    private sealed class Item(SimulatedProcess process, Action<object?> work, object? state)
    {
        public void Run()
        {
            if (process.IsDead) return;
            var before = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(process.Context);
            try
            {
                work(state);
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(before);
            }
        }
    }

    private sealed class ProcessLoop(SimulatedProcess process, ILoop loop) : ILoop
    {
        public string Name => loop.Name;

        public void Post(Action<object?> work, object? state)
        {
            process.CheckThread();
            if (!process.IsDead) loop.Post(static item => ((Item)item!).Run(), new Item(process, work, state));
        }

        public ValueTask DisposeAsync() => loop.DisposeAsync();
    }

    private sealed class ProcessContext(SimulatedProcess process) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) =>
            process.Post("pool", static item =>
            {
                var (callback, state) = ((SendOrPostCallback, object?))item!;
                callback(state);
            }, (d, state));

        public override void Send(SendOrPostCallback d, object? state) => d(state);

        public override SynchronizationContext CreateCopy() => this;
    }

    private sealed class ProcessTime(SimulatedProcess process) : TimeProvider
    {
        public override long TimestampFrequency => process._world.Time.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => process._world.Time.GetUtcNow();

        public override long GetTimestamp() => process._world.Time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer? timer = null;
            timer = process._world.Time.CreateTimer(
                _ =>
                {
                    if (process.IsDead) timer!.Dispose();
                    else process.Post("timer", item => callback(item), state);
                },
                null, dueTime, period);
            return new ProcessTimer(process, timer);
        }
    }

    // Timers of a dead process end when they next fire.
    private sealed class ProcessTimer(SimulatedProcess process, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => !process.IsDead && timer.Change(dueTime, period);

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
