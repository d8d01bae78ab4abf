using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.Simulation.Tests.Workload;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests;

// How the silo goes down, and what is checked before it is there again.
internal sealed partial class SimulationRun
{
    private const int StepsBeforeCutMax = 300;
    private const int StepsOfStartMax = 60;

    private CrashCounts _crashes;

    // Somewhere in the middle of things the silo goes down: disks keep what they must, memory nothing.
    private void Crash()
    {
        _cluster.RunSteps(_random.Next(StepsBeforeCutMax));
        GoDown(IsDrawn(_plan.KillOneIn));
        while (IsDrawn(_plan.CutStartOneIn)) CutStart();
        _cluster.StartSilo();
        foreach (var driver in _drivers.Where(driver => driver.Client == _local))
        {
            _cluster.Do(_local.Process, $"{driver.Name} recovers", driver.RecoverAsync);
        }

        foreach (var driver in _drivers.Where(driver => driver.Client == _local)) Begin(driver);
    }

    private void CutStart()
    {
        var start = _cluster.BeginSilo();
        _cluster.RunSteps(_random.Next(StepsOfStartMax), () => start.IsCompleted);
        if (start.Exception?.InnerException is { } fault)
            throw new SimulationFailureException($"the silo starts: {fault.Message}", fault);
        _crashes = _crashes with { StartsCut = _crashes.StartsCut + 1 };
        GoDown(isKill: IsDrawn(_plan.KillOneIn));
    }

    private void GoDown(bool isKill)
    {
        _cluster.GoDown(isKill);
        _crashes = isKill ? _crashes with { Kills = _crashes.Kills + 1 } : _crashes with { Cuts = _crashes.Cuts + 1 };
        foreach (var driver in _drivers.OfType<SharedDriver>()) driver.NoteCut();
        if (_plan.ChecksDisks && !isKill) CheckDisks();
    }

    private void CheckDisks()
    {
        var process = _cluster.World.StartProcess("fsck");
        _cluster.Do(process, "fsck", () => SimulatedCheck.RunAsync(process, _cluster.Disks));
        process.Kill();
    }

    private bool IsDrawn(int oneIn) => oneIn > 0 && _random.Next(oneIn) == 0;
}
