using System.Diagnostics;
using ClaudeFs.Mount.Tests.Crashes;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Mount.Tests.Soak;

/// <summary>
/// Workers and strands on two mounts, life after life of the daemon that serves both. The strands know what must be
/// there after a kill; the workers load and measure.
/// </summary>
internal sealed class SoakRun(DevMount mount, Daemon other, SoakPlan plan, int seed) : IAsyncDisposable
{
    private const int WorkersPerMount = 2;

    /// <summary>A term of the sessions of before, and what a busy machine adds.</summary>
    private static readonly TimeSpan ComingBackMax = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan FillMax = TimeSpan.FromMinutes(3);

    private readonly SoakClock _clock = new();
    private readonly List<SoakSample> _samples = [];
    private readonly List<SoakWorker> _own = [], _remote = [];
    private readonly Strand _ownStrand = Strand.Start(Path.Combine(mount.MountPoint, "own"), seed, isEarly: true);
    private readonly Strand _remoteStrand = Strand.Start(
        Path.Combine(other.MountPoint, "remote"), seed + 1, isEarly: false);

    public IReadOnlyList<SoakSample> Samples => _samples;

    public string Summary =>
        $"seed {seed}: {plan.Lives} lives of {plan.Life.TotalSeconds:0.#} s, "
        + $"{_own.Concat(_remote).Sum(worker => worker.Operations)} operations of the load, "
        + $"{_ownStrand.Operations} and {_remoteStrand.Operations} of the strands, "
        + $"{_ownStrand.SyncedFiles + _remoteStrand.SyncedFiles} files whole since their fsync";

    /// <summary>All lives; the last one ends in peace, with everything stopped.</summary>
    public async Task RunAsync()
    {
        for (var i = 0; i < WorkersPerMount; i++)
        {
            var (own, remote) = ($"load-a{i}", $"load-b{i}");
            _own.Add(new($"{mount.MountPoint}/{own}", $"{mount.MountPoint}/{remote}", _clock, seed + 2 + i));
            _remote.Add(new($"{other.MountPoint}/{remote}", $"{other.MountPoint}/{own}", _clock, seed + 100 + i));
        }

        var progress = new Progress("soak", TimeProvider.System);
        await CheckAsync("at the beginning");
        _remote.ForEach(worker => worker.Start());
        for (var life = 0; life < plan.Lives; life++)
        {
            _own.ForEach(worker => worker.Start());
            await _ownStrand.RunAsync();
            await _remoteStrand.RunAsync();
            await SampleAsync(life);
            if (life == plan.Lives - 1) break;
            await KillAsync(life);
            await CheckAsync($"seed {seed}, kill {life}");
            progress.Note(life + 1, plan.Lives, "lives");
        }

        foreach (var worker in _own.Concat(_remote)) Assert.Null(await worker.StopAsync(ComingBackMax));
        Assert.Equal("none", await _ownStrand.StopAsync(ComingBackMax));
        Assert.Equal("none", await _remoteStrand.StopAsync(ComingBackMax));
        await CheckAsync($"seed {seed}, at the end");
    }

    public async ValueTask DisposeAsync()
    {
        await _ownStrand.DisposeAsync();
        await _remoteStrand.DisposeAsync();
    }

    private async Task SampleAsync(int life)
    {
        await Task.WhenAll(_own.Concat(_remote).Select(worker => worker.Filled)).WaitAsync(FillMax);
        var started = Stopwatch.GetTimestamp();
        _clock.Take();
        for (var number = 0; ; number++)
        {
            var left = plan.Life - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return;
            await WorkForAsync(left < plan.SampleEvery ? left : plan.SampleEvery);
            if (left < plan.SampleEvery) return;
            _samples.Add(new(
                life, number, ProcessFigures.Of(mount.Daemon.ProcessId), ProcessFigures.Of(other.ProcessId),
                await StoreFigures.OfAsync(mount, other.MountPoint), _clock.Take()));
        }
    }

    // The time is what the load works; a worker that ends before has met a fault.
    private async Task WorkForAsync(TimeSpan time)
    {
        using var end = new CancellationTokenSource();
        var ended = Task.WhenAny(_own.Concat(_remote).Select(worker => worker.Ended));
        if (await Task.WhenAny(ended, Task.Delay(time, TimeProvider.System, end.Token)) != ended) return;
        await end.CancelAsync();
        Assert.Fail($"seed {seed}: a worker ended: {await await ended}\n{mount.Daemon.Printed}\n{other.Printed}");
    }

    private async Task KillAsync(int life)
    {
        await mount.KillAsync();
        foreach (var worker in _own)
        {
            var fault = await worker.Ended.WaitAsync(CrashCampaign.AtOnce);
            Assert.True(
                fault is CallFailedException call && CrashCampaign.EndErrors.Contains(call.Error.ToString()),
                $"seed {seed}, kill {life}: a worker of the killed mount ended with {fault}");
        }

        var error = await _ownStrand.StopAsync(CrashCampaign.AtOnce);
        Assert.True(CrashCampaign.IsEnd(error), $"seed {seed}, kill {life}: the work ended with {error}");
        await mount.StartDaemonAsync();
        var remoteError = await _remoteStrand.StopAsync(ComingBackMax);
        Assert.True(
            remoteError == "none",
            $"seed {seed}, kill {life}: the second mount's work ended with {remoteError}\n"
            + $"{mount.Daemon.Printed}\n{other.Printed}");
    }

    private async Task CheckAsync(string when)
    {
        foreach (var strand in new[] { _ownStrand, _remoteStrand })
        {
            var fault = await strand.CheckAsync(ComingBackMax);
            Assert.True(fault is null, $"{when}: {fault}\n{mount.Daemon.Printed}\n{other.Printed}");
        }
    }
}
