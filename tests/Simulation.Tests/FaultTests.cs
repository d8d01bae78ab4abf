using System.Diagnostics;
using System.Globalization;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit.Simulation;
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
        var isLong = Environment.GetEnvironmentVariable("CLAUDEFS_TEST_LONG") == "1";
        var (started, sum) = (TimeProvider.System.GetTimestamp(), FaultResult.None);
        var progress = new Progress("faults", TimeProvider.System);
        var seeds = isLong ? SeedsLong : Seeds;
        for (var done = 0; done < seeds; done += SeedsPerProcess)
        {
            sum += await RunAsync(FirstSeed + done, SeedsPerProcess);
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
    public void Planted_mistake_is_found(string planted)
    {
        for (var seed = FirstSeed; seed < FirstSeed + PlantedSeedsMax; seed++)
        {
            try
            {
                FaultRun.Execute(new(seed) { Planted = Enum.Parse<PlantedFault>(planted) });
            }
            catch (SimulationFailureException failure)
            {
                output.WriteLine(failure.Message);
                return;
            }
        }

        Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"{PlantedSeedsMax} seeds did not find it"));
    }

    private static async Task<FaultResult> RunAsync(int seed, int count)
    {
        string[] arguments = [Program.FaultsArgument, $"{seed}", $"{count}"];
        using var run = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(FaultRun).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var (printed, faults) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', arguments)}: {await faults}");
        return FaultResult.Parse((await printed).Trim());
    }
}
