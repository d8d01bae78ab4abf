using System.Diagnostics;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests;

/// <summary>Runs of many seeds.</summary>
internal static class Runs
{
    /// <summary>
    /// What <see cref="Program"/> prints in a process of its own, with which goes what killed processes of the
    /// simulation held.
    /// </summary>
    public static async Task<string> InOtherProcessAsync(params string[] arguments)
    {
        using var run = Process.Start(new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var (printed, faults) = (run.StandardOutput.ReadToEndAsync(), run.StandardError.ReadToEndAsync());
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, $"{string.Join(' ', arguments)}: {await faults}");
        return (await printed).Trim();
    }

    /// <summary>How the first of the seeds 1 to <paramref name="seeds"/> that fails does so; one must.</summary>
    public static string FindFailure(int seeds, Action<int> run)
    {
        for (var seed = 1; seed <= seeds; seed++)
        {
            try
            {
                run(seed);
            }
            catch (SimulationFailureException failure)
            {
                return failure.Message;
            }
        }

        Assert.Fail($"{seeds} seeds did not find it");
        return "";
    }
}
