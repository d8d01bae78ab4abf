using ClaudeFs.TestKit.Simulation;
using Orleans.Scheduling;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>The actor runtime's queued work in the order of the simulation.</summary>
internal sealed class SimulatedWorkScheduler(SimulatedProcess process) : WorkScheduler
{
    internal override bool KeepsOrder => true;

    internal override void Post(Action<object?> action, object? state) => process.Post("turns", action, state);

    internal override void Post(IThreadPoolWorkItem item) =>
        process.Post("turns", static state => ((IThreadPoolWorkItem)state!).Execute(), item);
}
