using ClaudeFs.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Membership;
using Orleans.Scheduling;

namespace ClaudeFs.Runtime.Tests;

public sealed class LifeTests : IAsyncLifetime
{
    private readonly LifeScript _script = new();
    private readonly Probe _probe = new();
    private TestSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await TestSilo.StartAsync(s =>
    {
        s.Services.AddSingleton(_script);
        s.Services.AddSingleton<IUncommittedWorkProbe>(_probe);
    });

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task A_failed_activation_refuses_all_who_wait_and_is_tried_again_by_the_next_call_only()
    {
        var gate = new TaskCompletionSource();
        _script.ActivationGate = gate.Task;
        _script.ActivationFailure = new IOException("store down");
        var grain = Life(1);
        var calls = Enumerable.Range(0, 5).Select(_ => grain.NumberAsync().AsTask()).ToArray();
        gate.SetResult();
        foreach (var call in calls)
        {
            Assert.Equal("store down", (await Assert.ThrowsAsync<IOException>(() => call)).Message);
        }

        Assert.Equal(1, _script.Activations);
        _script.ActivationFailure = null;
        Assert.Equal(2, await grain.NumberAsync());
    }

    [Fact]
    public async Task Calls_that_come_while_a_grain_goes_are_answered_by_the_next_activation()
    {
        var grain = Life(2);
        Assert.Equal(1, await grain.NumberAsync());
        var flush = new TaskCompletionSource();
        _script.DeactivationGate = flush.Task;
        Assert.Equal(1, await grain.LeaveAsync(TimeSpan.Zero));
        var calls = Enumerable.Range(0, 5).Select(_ => grain.NumberAsync().AsTask()).ToArray();
        Assert.All(calls, static c => Assert.False(c.IsCompleted));
        Assert.Empty(_script.Events);
        flush.SetResult();
        Assert.All(await Task.WhenAll(calls), static n => Assert.Equal(2, n));
        Assert.Equal(["1 ApplicationRequested"], _script.Events);
    }

    [Fact]
    public async Task A_grain_that_nobody_calls_goes_after_its_age()
    {
        var grain = Life(3);
        await grain.NumberAsync();
        var activation = _silo.Find((IAddressable)grain)!;
        _silo.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.True(activation.IsValid);
        await grain.NumberAsync();
        _silo.Time.Advance(TimeSpan.FromMinutes(4.5));
        Assert.True(activation.IsValid);
        _silo.Time.Advance(TimeSpan.FromMinutes(2));
        await activation.Deactivated.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(["1 ActivationIdle"], _script.Events);
        Assert.Equal(0, _silo.System.Catalog.Count);
    }

    [Fact]
    public async Task What_runs_waits_or_is_uncommitted_is_not_collected()
    {
        var collector = new Collector(_silo.System);
        var grain = Life(4);
        await grain.NumberAsync();
        var activation = _silo.Find((IAddressable)grain)!;
        var running = grain.WaitAsync("collect");
        await Gates.ArrivedAsync("collect");
        Assert.Equal(0, collector.Collect(TimeSpan.Zero));
        Gates.Open("collect");
        await running;

        _probe.Uncommitted = true;
        Assert.Equal(0, collector.Collect(TimeSpan.Zero));
        _probe.Uncommitted = false;

        await grain.LeaveAsync(TimeSpan.FromHours(1));
        Assert.Equal(0, collector.Collect(TimeSpan.Zero));
        _silo.Time.Advance(TimeSpan.FromHours(2));
        await activation.Deactivated.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Stopping_the_silo_lets_every_grain_go_and_refuses_what_comes_after()
    {
        await Life(5).NumberAsync();
        await Life(6).NumberAsync();
        await _silo.StopAsync();
        Assert.Equal(["1 ShuttingDown", "2 ShuttingDown"], _script.Events.Order());
        await Assert.ThrowsAsync<SiloUnavailableException>(() => Life(7).NumberAsync().AsTask());
    }

    [Fact]
    public async Task A_timer_ticks_in_turns_of_its_grain_counted_from_the_end_of_the_last()
    {
        var grain = Life(8);
        await grain.StartTimerAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), false, false);
        _silo.Time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Empty(Gates.Records("life/8"));
        _silo.Time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Single(Gates.Records("life/8"));
        _silo.Time.Advance(TimeSpan.FromSeconds(2.1));
        Assert.Equal(2, Gates.Records("life/8").Count);

        var running = grain.WaitAsync("timer");
        await Gates.ArrivedAsync("timer");
        _silo.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, Gates.Records("life/8").Count);
        Gates.Open("timer");
        await running;
        await grain.NumberAsync();
        Assert.Equal(3, Gates.Records("life/8").Count);
    }

    [Fact]
    public async Task An_interleaving_timer_ticks_beside_a_call_and_ends_with_its_grain()
    {
        var grain = Life(9);
        await grain.StartTimerAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), true, false);
        var running = grain.WaitAsync("timer9");
        await Gates.ArrivedAsync("timer9");
        _silo.Time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Single(Gates.Records("life/9"));
        Gates.Open("timer9");
        await running;
        var activation = _silo.Find((IAddressable)grain)!;
        await grain.LeaveAsync(TimeSpan.Zero);
        await activation.Deactivated.WaitAsync(TimeSpan.FromSeconds(10));
        _silo.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Single(Gates.Records("life/9"));
    }

    private ILifeGrain Life(long key) => _silo.Grains.GetGrain<ILifeGrain>(key);

    private sealed class Probe : IUncommittedWorkProbe
    {
        public bool Uncommitted { get; set; }

        public bool HasUncommittedWork(IGrainContext grain) => Uncommitted;
    }
}
