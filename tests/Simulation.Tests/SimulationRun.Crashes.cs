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
        RunSteps(_random.Next(StepsBeforeCutMax), static () => false);
        GoDown(IsDrawn(_plan.KillOneIn));
        while (IsDrawn(_plan.CutStartOneIn)) CutStart();
        StartSilo();
        foreach (var driver in _drivers.Where(driver => driver.Client == _local))
        {
            Do(_local.Process, $"{driver.Name} recovers", driver.RecoverAsync);
        }

        foreach (var driver in _drivers.Where(driver => driver.Client == _local)) Begin(driver);
    }

    private void CutStart()
    {
        _siloProcess = _world.StartProcess("silo");
        var process = _siloProcess;
        var start = process.BeginAsync(() => StartSiloAsync(process));
        RunSteps(_random.Next(StepsOfStartMax), () => start.IsCompleted);
        if (start.Exception?.InnerException is { } fault)
            throw new SimulationFailureException($"the silo starts: {fault.Message}", fault);
        _crashes = _crashes with { StartsCut = _crashes.StartsCut + 1 };
        GoDown(isKill: IsDrawn(_plan.KillOneIn));
    }

    private void GoDown(bool isKill)
    {
        _world.Trace.Add("power", isKill ? "killed" : "cut");
        _siloProcess.Kill();
        if (isKill) _disks.Kill();
        else _disks.Cut();
        _crashes = isKill ? _crashes with { Kills = _crashes.Kills + 1 } : _crashes with { Cuts = _crashes.Cuts + 1 };
        _network.KillSilo();
        foreach (var driver in _drivers.OfType<SharedDriver>()) driver.NoteCut();
        if (_plan.ChecksDisks && !isKill) CheckDisks();
    }

    private void CheckDisks()
    {
        var process = _world.StartProcess("fsck");
        Do(process, "fsck", () => SimulatedCheck.RunAsync(process, _disks));
        process.Kill();
    }

    private bool IsDrawn(int oneIn) => oneIn > 0 && _random.Next(oneIn) == 0;

    private void RunSteps(int count, Func<bool> isDone)
    {
        var steps = _world.StepCount + count;
        RunUntil(() => isDone() || _world.StepCount >= steps, "the moment of the crash");
    }
}
