using System.Globalization;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit;
using ClaudeFs.TestKit.Time;
using Xunit.Abstractions;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// Faults of all kinds, and histories that must have an order: three seeds, 201 with CLAUDEFS_TEST_LONG=1, in processes
/// of their own, so that what killed processes of the simulation held is let go.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int FirstSeed = 1;
    private const int Seeds = 3;
    private const int SeedsLong = 201;
    private const int SeedsPerProcess = 3;
    private const int PlantedSeedsMax = 6;

    [Fact]
    public async Task Every_history_has_an_order_and_every_error_its_fault()
    {
        var (started, sum) = (TimeProvider.System.GetTimestamp(), FaultResult.None);
        var progress = new Progress("faults", TimeProvider.System);
        var seeds = TestLength.IsLong ? SeedsLong : Seeds;
        for (var done = 0; done < seeds; done += SeedsPerProcess)
        {
            sum += FaultResult.Parse(await Runs.InOtherProcessAsync(
                Program.FaultsArgument, $"{FirstSeed + done}", $"{SeedsPerProcess}"));
            progress.Note(done + SeedsPerProcess, seeds, "seeds");
        }

        var elapsed = TimeProvider.System.GetElapsedTime(started);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{sum}, {sum.Operations / elapsed.TotalSeconds:F0} operations a second"));
        Assert.True(sum is { Cuts: > 0, Kills: > 0, Deaths: > 0, DiskFaults: > 0, ReadOnly: > 0, NetworkFaults: > 0 },
            $"{sum}");
    }

    [Fact]
    public void Same_seed_twice_gives_the_same_trace()
    {
        var plan = new FaultPlan(FirstSeed, 600) { CrashCount = 2 };
        Assert.Equal(FaultRun.Execute(plan), FaultRun.Execute(plan));
    }

    [Theory]
    [InlineData(nameof(PlantedFault.RecallIsIgnored))]
    [InlineData(nameof(PlantedFault.RetryIsDoneAgain))]
    [InlineData(nameof(PlantedFault.LogIsNotFlushed))]
    public void Planted_mistake_is_found(string planted) => output.WriteLine(Runs.FindFailure(PlantedSeedsMax,
        seed => FaultRun.Execute(new(seed) { Planted = Enum.Parse<PlantedFault>(planted) })));
}
