using System.Globalization;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit;
using ClaudeFs.TestKit.Time;
using Xunit.Abstractions;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// CLAUDEFS_SEED=N runs that seed alone in the place of the fresh ones; CLAUDEFS_TEST_LONG=1 runs fresh ones for ten
/// minutes.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int PlantedSeedsMax = 8;
    private const int FreshSeeds = 6;
    private static readonly TimeSpan FreshTimeLong = TimeSpan.FromMinutes(10);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Fixed_seed_finds_no_fault(int seed) => Run(new(seed));

    [Fact]
    public async Task Fresh_seeds_find_no_fault()
    {
        if (Environment.GetEnvironmentVariable("CLAUDEFS_SEED") is { Length: > 0 } text)
        {
            Run(new(int.Parse(text, CultureInfo.InvariantCulture)));
            return;
        }

        // Each in a process of its own: what a killed process of the simulation held is let go with it.
        var (started, runs, elapsed) = (TimeProvider.System.GetTimestamp(), 0, TimeSpan.Zero);
        var progress = new Progress("simulation", TimeProvider.System);
        for (; TestLength.IsLong ? elapsed < FreshTimeLong : runs < FreshSeeds; runs++)
        {
            var seed = (int)TimeProvider.System.GetTimestamp() & int.MaxValue;
            output.WriteLine($"seed {seed}: {await Runs.InOtherProcessAsync($"{seed}")}");
            elapsed = TimeProvider.System.GetElapsedTime(started);
            progress.Note(elapsed.TotalSeconds, FreshTimeLong.TotalSeconds, "seconds");
        }

        output.WriteLine($"{runs} seeds in {elapsed}");
    }

    // In this order: the last cut took a session whose client did no more operations that could have told; a client's
    // clock was ahead; change counters went back with a session; a recall in another session than its grant's; a write
    // lease asked for again before its return had arrived; a flush over a connection that broke; a lease forgotten with
    // the word that its inode is not open any more; writes cut off for a truncation that failed; a file looked up
    // across the loss of a session shown as absent.
    [Theory]
    [InlineData(1561060531), InlineData(116), InlineData(1017), InlineData(1148), InlineData(1075), InlineData(1027),
        InlineData(2044), InlineData(2071), InlineData(3002), InlineData(3012)]
    public void Seeds_that_once_failed_find_no_fault(int seed) => Run(new(seed));

    [Fact]
    public void Same_seed_twice_gives_the_same_trace()
    {
        var plan = new SimulationPlan(11, 600, 1);
        var first = SimulationRun.Execute(plan);
        Assert.Equal(first, SimulationRun.Execute(plan));
    }

    [Fact]
    public async Task Same_seed_in_another_process_gives_the_same_trace()
    {
        var printed = await Runs.InOtherProcessAsync("12", "600", "1");
        var result = SimulationRun.Execute(new(12, 600, 1));
        Assert.Equal(result.TraceHash.ToString("x16", CultureInfo.InvariantCulture), printed);
    }

    [Fact]
    public void Different_seeds_give_different_traces()
    {
        var hashes = Enumerable.Range(21, 3).Select(static seed => SimulationRun.Execute(new(seed, 200, 0)).TraceHash);
        Assert.Equal(3, hashes.Distinct().Count());
    }

    [Fact]
    public void Device_that_only_says_that_it_flushed_is_found_out() => output.WriteLine(Runs.FindFailure(
        PlantedSeedsMax,
        static seed => SimulationRun.Execute(new(seed) { Planted = PlantedFault.NothingIsFlushed })));

    private SimulationResult Run(SimulationPlan plan)
    {
        var started = TimeProvider.System.GetTimestamp();
        var result = SimulationRun.Execute(plan);
        output.WriteLine($"seed {plan.Seed} in {TimeProvider.System.GetElapsedTime(started)}: {result}");
        return result;
    }
}
