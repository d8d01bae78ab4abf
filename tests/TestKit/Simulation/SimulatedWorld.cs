using ClaudeFs.TestKit.Loops;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.TestKit.Simulation;

/// <summary>
/// Processes, their loops and timers, and one clock, on the caller's thread and from one seed: the clock moves when
/// nothing else can happen, and now and then a little although something could.
/// </summary>
public sealed class SimulatedWorld
{
    private const int DriftOneIn = 64;
    private const long StepsWithoutTimeMax = 5_000_000;
    private static readonly TimeSpan DriftMax = TimeSpan.FromMilliseconds(5);

    private readonly LoopScheduler _scheduler;
    private readonly Random _random;

    /// <summary>A world that has just begun.</summary>
    public SimulatedWorld(int seed)
    {
        Seed = seed;
        _scheduler = new LoopScheduler(seed);
        _random = new Random(seed ^ 0x5EED);
        Trace = new SimulationTrace(Time);
        _scheduler.Running = Trace.AddStep;
        Outside = new SimulatedProcess(this, "world");
    }

    /// <summary>What everything comes from.</summary>
    public int Seed { get; }

    /// <summary>The one clock.</summary>
    public FakeTimeProvider Time { get; } = new();

    /// <summary>What happened so far.</summary>
    public SimulationTrace Trace { get; }

    /// <summary>What is in no process: the network, the disks, the test.</summary>
    public SimulatedProcess Outside { get; }

    /// <summary>Work done so far, in items.</summary>
    public long StepCount => _scheduler.RunCount;

    internal LoopScheduler Scheduler => _scheduler;

    /// <summary>Starts a process.</summary>
    public SimulatedProcess StartProcess(string name) => new(this, name);

    /// <summary>Lets the world go on until the condition holds.</summary>
    /// <param name="isDone">Looked at between two items.</param>
    /// <param name="awaited">What is awaited, for the message.</param>
    /// <param name="patience">Simulated time after which it counts as hanging.</param>
    public void RunUntil(Func<bool> isDone, string awaited, TimeSpan patience)
    {
        var before = SynchronizationContext.Current;
        var deadline = Time.GetUtcNow() + patience;
        var steps = 0L;
        try
        {
            SynchronizationContext.SetSynchronizationContext(Outside.Context);
            while (!isDone())
            {
                if (_scheduler.RunOne())
                {
                    if (++steps > StepsWithoutTimeMax) throw Hanging(awaited, "work goes on for ever at one moment");
                    if (_random.Next(DriftOneIn) == 0 && Drift()) steps = 0;
                    continue;
                }

                steps = 0;
                if (Time.NextDue is not { } due) throw Hanging(awaited, "nothing will ever happen again");
                if (due > deadline) throw Hanging(awaited, $"{patience} are over");
                Time.Advance(due - Time.GetUtcNow());
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private bool Drift()
    {
        if (Time.NextDue is not { } due || due - Time.GetUtcNow() > DriftMax) return false;
        Time.Advance(due - Time.GetUtcNow());
        return true;
    }

    private SimulationFailureException Hanging(string awaited, string why) =>
        new($"Still awaited at {Time.GetUtcNow():HH:mm:ss.fff}: {awaited}; {why}");
}
