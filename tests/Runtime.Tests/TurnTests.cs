using ClaudeFs.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Scheduling;

namespace ClaudeFs.Runtime.Tests;

public sealed class TurnTests : IAsyncLifetime
{
    private const string Plain = "ClaudeFs.Runtime.Tests.Grains.TurnGrain";
    private const string Loose = "ClaudeFs.Runtime.Tests.Grains.LooseGrain";
    private TestSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await TestSilo.StartAsync(
        static s => s.Services.AddSingleton(new MailboxOptions(20)));

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task Calls_of_a_plain_grain_run_one_after_the_other_in_order()
    {
        var grain = Turn("order");
        var first = grain.WaitAsync("order1");
        await Gates.ArrivedAsync("order1");
        var second = grain.WaitAsync("order2");
        var third = grain.CountAsync().AsTask();
        Assert.Equal(["+order1"], Gates.Records("turn/order"));
        Gates.Open("order2");
        Gates.Open("order1");
        Assert.Equal((1, 2, 3), (await first, await second, await third));
        Assert.Equal(["+order1", "-order1", "+order2", "-order2"], Gates.Records("turn/order"));
    }

    [Theory, InlineData(Plain), InlineData(Loose)]
    public async Task Turns_never_run_beside_each_other(string kind)
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("beside" + kind.Length, kind);
        var calls = Enumerable.Range(0, 16).Select(_ => Task.Run(() => grain.YieldAsync(200))).ToArray();
        Assert.All(await Task.WhenAll(calls), Assert.False);
    }

    [Fact]
    public async Task A_reentrant_grain_runs_other_calls_at_an_await()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("loose1", Loose);
        var waiting = grain.WaitAsync("loose1");
        await Gates.ArrivedAsync("loose1");
        Assert.Equal(1, await grain.CountAsync());
        Gates.Open("loose1");
        Assert.Equal(2, await waiting);
    }

    [Fact]
    public async Task An_always_interleaving_call_passes_a_running_one()
    {
        var grain = Turn("peek");
        var waiting = grain.WaitAsync("peek");
        await Gates.ArrivedAsync("peek");
        Assert.Equal(0, await grain.PeekAsync());
        Gates.Open("peek");
        await waiting;
    }

    [Fact]
    public async Task Read_only_calls_run_beside_each_other_but_not_beside_a_change()
    {
        var grain = Turn("read");
        var first = grain.ReadAsync("read1");
        var second = grain.ReadAsync("read2");
        await Gates.ArrivedAsync("read1");
        await Gates.ArrivedAsync("read2");
        var change = grain.CountAsync().AsTask();
        var third = grain.ReadAsync("read3");
        Assert.Equal(["+read1", "+read2"], Gates.Records("turn/read"));
        Assert.False(change.IsCompleted);
        Gates.Open("read1");
        Gates.Open("read2");
        Gates.Open("read3");
        await Task.WhenAll(first, second, change, third);
        Assert.Equal(3, await change);
    }

    [Fact]
    public async Task A_method_of_the_class_says_which_calls_interleave()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("partly", typeof(PartlyGrain).FullName);
        var waiting = grain.WaitAsync("partly");
        await Gates.ArrivedAsync("partly");
        Assert.Equal(1, await grain.CountAsync());
        var queued = grain.ReadAsync("partly");
        Assert.False(queued.IsCompleted);
        Gates.Open("partly");
        await Task.WhenAll(waiting, queued);
    }

    [Fact]
    public async Task A_full_mailbox_answers_overloaded_at_once()
    {
        var grain = Turn("full");
        var running = grain.WaitAsync("full");
        await Gates.ArrivedAsync("full");
        var waiting = Enumerable.Range(0, 20).Select(_ => grain.CountAsync().AsTask()).ToArray();
        var refused = grain.CountAsync();
        Assert.True(refused.IsCompleted);
        var e = await Assert.ThrowsAsync<LimitExceededException>(() => refused.AsTask());
        Assert.Contains("overloaded", e.Message, StringComparison.Ordinal);
        Gates.Open("full");
        await running;
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task A_call_that_is_late_is_answered_and_if_it_waits_never_started()
    {
        var grain = Turn("late");
        var running = grain.HastyAsync("late1");
        await Gates.ArrivedAsync("late1");
        var waiting = grain.HastyAsync("late2");
        _silo.Time.Advance(TimeSpan.FromSeconds(3));
        await Assert.ThrowsAsync<TimeoutException>(() => running);
        await Assert.ThrowsAsync<TimeoutException>(() => waiting);
        Gates.Open("late1");
        Assert.Equal(2, await grain.CountAsync());
        Assert.DoesNotContain("+late2", Gates.Records("turn/late"));
    }

    [Fact]
    public async Task A_nested_call_has_no_more_time_than_its_caller()
        => Assert.InRange(await Turn("time1").TimeLeftAsync("time2"), 0.1, 2.0);

    [Fact]
    public async Task A_cancelled_caller_stops_waiting_and_a_waiting_call_is_not_started()
    {
        var grain = Turn("cancel");
        var running = grain.WaitAsync("cancel1");
        await Gates.ArrivedAsync("cancel1");
        using var source = new CancellationTokenSource();
        var waiting = grain.WaitCancellableAsync("cancel2", source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Gates.Open("cancel1");
        await running;
        await grain.CountAsync();
        Assert.DoesNotContain("+cancel2", Gates.Records("turn/cancel"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(()
            => grain.WaitCancellableAsync("cancel2", source.Token));
    }

    [Fact]
    public async Task A_call_cycle_is_refused_with_the_whole_chain()
    {
        var e = await Assert.ThrowsAsync<OrleansException>(() => Turn("a").ChainAsync(["b", "c", "a"], false));
        Assert.Equal(
            "call cycle refused, it would wait for itself: "
            + "turn/a.ChainAsync -> turn/b.ChainAsync -> turn/c.ChainAsync -> turn/a.ChainAsync",
            e.Message);
    }

    [Fact]
    public async Task A_grain_that_calls_itself_is_refused()
        => Assert.Contains(
            "turn/self.ChainAsync -> turn/self.ChainAsync",
            (await Assert.ThrowsAsync<OrleansException>(() => Turn("self").ChainAsync(["self"], false))).Message,
            StringComparison.Ordinal);

    [Fact]
    public async Task A_cycle_is_allowed_where_reentrancy_is()
    {
        Assert.Equal(3, await Turn("d").ChainAsync(["e", "f", "d"], true));
        Assert.Equal(2, await _silo.Grains.GetGrain<ITurnGrain>("g", Loose).ChainAsync(["h", "g"], false));
        Assert.Equal(0, await Turn("i").PeekThroughAsync("j", "i"));
    }

    [Fact]
    public async Task A_chain_without_end_is_refused()
    {
        var names = Enumerable.Range(0, 100).Select(static i => "deep" + i).ToArray();
        var e = await Assert.ThrowsAsync<LimitExceededException>(() => Turn("deep").ChainAsync(names, false));
        Assert.Contains("64 calls", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_waits_for_a_one_way_call()
    {
        await Turn("tell").TellAsync("tell");
        await Gates.ArrivedAsync("tell");
        Gates.Open("tell");
        Assert.Equal(["told"], Gates.Records("tell"));
    }

    [Fact]
    public async Task Stateless_workers_work_side_by_side_up_to_their_number()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("w", typeof(WorkerGrain).FullName);
        var calls = Enumerable.Range(0, 4).Select(i => grain.WaitAsync("worker" + i)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(static i => Gates.ArrivedAsync("worker" + i)));
        Assert.Equal(3, Gates.Records("worker/w").Count);
        Assert.Equal(3, _silo.System.Catalog.Count);
        for (var i = 0; i < 4; i++)
        {
            Gates.Open("worker" + i);
        }

        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task The_request_context_goes_with_the_calls_and_does_not_come_back()
    {
        RequestContext.Set("who", "test");
        Assert.Equal("testchangedchanged", await Turn("context1").ContextAsync("context2"));
        Assert.Equal("test", RequestContext.Get("who"));
        RequestContext.Clear();
        Assert.Equal("nonenone", await Turn("context1").ContextAsync(string.Empty));
    }

    [Fact]
    public async Task A_thousand_calls_wait_in_one_reentrant_grain_for_one_event()
    {
        var grain = _silo.Grains.GetGrain<ITurnGrain>("thousand", Loose);
        await grain.CountAsync();
        var calls = Enumerable.Range(0, 1000).Select(_ => grain.WaitAsync("thousand")).ToArray();
        Assert.Equal(1000, _silo.Find((IAddressable)grain)!.RunningCount);
        Gates.Open("thousand");
        Assert.Equal(Enumerable.Range(2, 1000), (await Task.WhenAll(calls)).Order());
        Assert.Equal(0, _silo.Find((IAddressable)grain)!.RunningCount);
    }

    private ITurnGrain Turn(string key) => _silo.Grains.GetGrain<ITurnGrain>(key, Plain);
}
