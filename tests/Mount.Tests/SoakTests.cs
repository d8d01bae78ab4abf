using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Mount.Tests.Soak;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// Mixed work on two mounts for a long time, while the daemon of the first is killed again and again: what was answered
/// for is there, and memory, descriptors, threads, space, tables and latencies at the end are what they were at the
/// beginning. Three short lives; 40 minutes and a kill each minute with CLAUDEFS_TEST_LONG=1; CLAUDEFS_SOAK_MINUTES
/// says another length, CLAUDEFS_SOAK_OUT where all samples go.
/// </summary>
[Collection(MeasuredAlone.Name)]
public sealed class SoakTests(ITestOutputHelper output)
{
    private static readonly TimeSpan SpaceBackMax = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Under_mixed_load_and_kills_nothing_grows()
    {
        var plan = SoakPlan.FromEnvironment();
        await using var mount = await DevMount.StartAsync("1G");
        await using var other = await mount.MountAgainAsync("b");
        IReadOnlyList<SoakSample> samples;
        await using (var run = new SoakRun(mount, other, plan, Environment.TickCount & 0xFFFFFF))
        {
            try
            {
                await run.RunAsync();
            }
            finally
            {
                samples = run.Samples;
                output.WriteLine(run.Summary);
                output.WriteLine(SoakReport.Table(samples, plan));
                if (Environment.GetEnvironmentVariable("CLAUDEFS_SOAK_OUT") is { } path)
                    await File.WriteAllTextAsync(path, SoakReport.Values(samples, plan));
            }
        }

        await Shell.RunAsync($"rm -rf '{other.MountPoint}'/*");
        await StoreFigures.WaitUntilEmptyAsync(mount, mount.MountPoint, SpaceBackMax);
        await other.UnmountAsync();
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
        Assert.True(samples.Select(sample => sample.Life).Distinct().Count() == plan.Lives, "a life without a sample");
        var grown = SoakFigure.All(plan)
            .Where(figure => !figure.Compare(samples, plan).IsWithin(figure.RatioMax, figure.Slack))
            .Select(figure => $"{figure.Name}: {figure.Compare(samples, plan)}");
        Assert.Empty(grown);
    }
}
