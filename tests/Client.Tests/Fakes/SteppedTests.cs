using ClaudeFs.TestKit.Loops;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>Tests of clients whose loops and clock run on the test's thread, a step at a time.</summary>
public abstract class SteppedTests : IAsyncDisposable
{
    private const int StepsMax = 100_000;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private protected SteppedTests() => Fixture = new ClientFixture(Clock, loops: Loops);

    private protected FakeTimeProvider Clock { get; } = new();

    private protected LoopScheduler Loops { get; } = new(1);

    private protected ClientFixture Fixture { get; }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return Fixture.DisposeAsync();
    }

    /// <summary>Runs a test to its end, and ends its clients.</summary>
    private protected void Run(Func<Task> test)
    {
        // xunit's context would take continuations to other threads.
        SynchronizationContext.SetSynchronizationContext(null);
        var running = test();
        AdvanceUntil(() => running.IsCompleted, "the test's end");
        Loops.Run(running);
        var ended = Fixture.DisposeAsync().AsTask();
        AdvanceUntil(() => ended.IsCompleted, "the clients' end");
        Loops.Run(ended);
    }

    private protected void AdvanceUntil(Func<bool> condition, string awaited)
    {
        for (var step = 0; step < StepsMax; step++)
        {
            Loops.RunAll();
            if (condition()) return;
            Clock.Advance(Step);
        }

        Assert.Fail($"Not within {StepsMax} steps: {awaited}");
    }
}
