using ClaudeFs.Platform.Loops;

namespace ClaudeFs.DataPlane.Tests.Transports;

/// <summary>A loop that the test drives: posted work runs on the test's thread, in order, when it says so.</summary>
public sealed class ManualLoop : ILoop
{
    private const int StepsMax = 5_000_000;

    private readonly Lock _gate = new();
    private readonly Queue<(Action<object?> Work, object? State)> _posted = new();

    public string Name => "manual";

    public void Post(Action<object?> work, object? state)
    {
        lock (_gate) _posted.Enqueue((work, state));
    }

    /// <summary>Runs one posted item; false when there is none.</summary>
    public bool Step()
    {
        (Action<object?> Work, object? State) next;
        lock (_gate)
        {
            if (!_posted.TryDequeue(out next)) return false;
        }

        next.Work(next.State);
        return true;
    }

    /// <summary>Runs until nothing is posted.</summary>
    public void RunUntilIdle()
    {
        for (var i = 0; Step(); i++) Assert.True(i < StepsMax, "the loop does not come to rest");
    }

    /// <summary>Runs until the task is complete; fails when nothing is left to run before.</summary>
    public void RunUntil(Task task)
    {
        for (var i = 0; !task.IsCompleted; i++)
        {
            Assert.True(i < StepsMax, "the loop does not come to rest");
            Assert.True(Step(), "nothing is left to run, and what the test waits for has not happened");
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
