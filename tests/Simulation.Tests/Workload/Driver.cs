using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>One strand of operations on one client, drawn from the seed.</summary>
internal abstract class Driver(
    string name, SimulatedClient client, SimulatedWorld world, int seed, OperationCounts counts)
{
    public string Name => name;

    public SimulatedClient Client => client;

    public SimulatedWorld World => world;

    protected Random Random { get; } = new(seed);

    protected OperationCounts Counts => counts;

    /// <summary>Makes what the operations begin with.</summary>
    public abstract Task PrepareAsync();

    /// <summary>Operations until the driver is told to stop.</summary>
    public async Task RunAsync(Func<bool> isOver)
    {
        while (!isOver()) await StepAsync();
    }

    /// <summary>
    /// After the client's machine, the silo or both were cut off: compares what is there with what must be, and goes on
    /// from there.
    /// </summary>
    public abstract Task RecoverAsync();

    /// <summary>Recovers when the client has another session than the last that was recovered to.</summary>
    public Task RecoverLostSessionAsync() => IsSessionLost ? RecoverAsync() : Task.CompletedTask;

    /// <summary>When all drivers rest: everything is as it must be.</summary>
    public abstract Task VerifyAsync();

    /// <summary>The client lost the session that the driver knows.</summary>
    protected abstract bool IsSessionLost { get; }

    protected abstract Task StepAsync();

    protected void Note(string operation, string answer)
    {
        counts.Add(operation);
        world.Trace.Add($"{name} {operation}", answer);
    }
}
