using ClaudeFs.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.Placement;
using Orleans.Storage;
using Orleans.TestingHost;

namespace ClaudeFs.Runtime.Tests;

public sealed class HostingTests
{
    [Fact]
    public async Task Stages_start_in_order_and_stop_in_the_opposite_one()
    {
        var events = new List<string>();
        await using (var silo = await TestSilo.StartAsync(s =>
        {
            s.AddStartupTask(
                (_, _) =>
                {
                    events.Add("start task");
                    return Task.CompletedTask;
                });
            s.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
                new Participant(events, "active", ServiceLifecycleStage.Active));
            s.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
                new Participant(events, "storage", ServiceLifecycleStage.RuntimeStorageServices));
        }))
        {
            Assert.Equal(["+storage", "start task", "+active"], events);
            events.Clear();
        }

        Assert.Equal(["-active", "-storage"], events);
    }

    [Fact]
    public async Task Filters_see_calls_from_outside_in_and_may_change_the_result()
    {
        var events = new List<string>();
        await using var silo = await TestSilo.StartAsync(s =>
        {
            s.AddOutgoingGrainCallFilter(async c =>
            {
                events.Add("out " + c.MethodName);
                await c.Invoke();
                events.Add("out end");
            });
            s.AddIncomingGrainCallFilter(async c =>
            {
                events.Add($"in {c.InterfaceName} {c.TargetId} {c.ImplementationMethod.DeclaringType!.Name}");
                await c.Invoke();
                c.Result = new Answer<ulong>(((Answer<ulong>)c.Result!).Value * 10, 7);
            });
        });
        var answer = await silo.Grains.GetGrain<ICounterGrain>(1).AddAsync(new Name("a"), 4);
        Assert.Equal(new Answer<ulong>(40, 7), answer);
        Assert.Equal(["out AddAsync", "in test.counter counter/1 CounterGrain", "out end"], events);
    }

    [Fact]
    public async Task A_placement_director_is_asked_once_for_each_activation()
    {
        var director = new Director();
        await using var silo = await TestSilo.StartAsync(
            s => s.AddPlacementDirector<OwnPlacement>(_ => director));
        var grain = silo.Grains.GetGrain<IPlacedGrain>("here");
        Assert.Equal("here", await grain.AnswerAsync());
        Assert.Equal("here", await grain.AnswerAsync());
        Assert.Equal(["placed/here"], director.Asked);
    }

    [Fact]
    public async Task Options_that_cannot_work_stop_the_start()
    {
        var e = await Assert.ThrowsAnyAsync<Exception>(() => TestSilo.StartAsync(
            static s => s.Configure<SiloMessagingOptions>(static o => o.ResponseTimeout = TimeSpan.Zero)));
        Assert.Contains("SiloMessagingOptions.ResponseTimeout", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task State_is_read_at_activation_and_survives_it()
    {
        await using var silo = await TestSilo.StartAsync(static s => s.AddMemoryGrainStorage("memory"));
        var grain = silo.Grains.GetGrain<IStateGrain>(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
        Assert.Equal(0, await grain.GetAsync());
        await grain.SetAsync(5);
        var activation = silo.Find((IAddressable)grain)!;
        await grain.LeaveAsync();
        await activation.Deactivated.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(5, await grain.GetAsync());
        Assert.False(await grain.ClearAsync());
        Assert.Equal(0, await grain.GetAsync());
    }

    [Fact]
    public async Task A_write_over_someone_elses_is_refused_with_both_versions()
    {
        await using var silo = await TestSilo.StartAsync(static s => s.AddMemoryGrainStorage("memory"));
        var grain = silo.Grains.GetGrain<IStateGrain>(new Guid(2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
        await grain.SetAsync(1);
        var storage = silo.Services.GetRequiredKeyedService<IGrainStorage>("memory");
        var other = new GrainState<Held>();
        await storage.ReadStateAsync("held", grain.GetGrainId(), other);
        other.State.Value = 7;
        await storage.WriteStateAsync("held", grain.GetGrainId(), other);
        var e = await Assert.ThrowsAsync<InconsistentStateException>(() => grain.SetAsync(2));
        Assert.Equal(("2", "1"), (e.StoredEtag, e.CurrentEtag));
        await grain.RereadAsync();
        Assert.Equal(7, await grain.GetAsync());
        await grain.SetAsync(3);
    }

    [Fact]
    public async Task A_test_cluster_runs_one_silo()
    {
        var builder = new TestClusterBuilder(1);
        builder.AddSiloBuilderConfigurator<Configurator>();
        await using var cluster = builder.Build();
        await cluster.DeployAsync();
        await cluster.WaitForLivenessToStabilizeAsync();
        var grain = cluster.GrainFactory.GetGrain<IStateGrain>(new Guid(3, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
        await grain.SetAsync(4);
        Assert.Equal(4, await grain.GetAsync());
        await cluster.KillSiloAsync(cluster.Primary);
        Assert.Empty(cluster.Silos);
        await cluster.StartAdditionalSiloAsync();
        Assert.Equal(0, await cluster.Client.GetGrain<IStateGrain>(
            new Guid(3, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)).GetAsync());
    }

    [Fact]
    public async Task Grain_ids_and_references_say_who_they_are()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICounterGrain>(-255);
        Assert.Equal("counter/FFFFFFFFFFFFFF01", grain.GetGrainId().ToString());
        Assert.Equal(-255, grain.GetPrimaryKeyLong());
        Assert.Equal(grain, silo.Grains.GetGrain<ICounterGrain>(grain.GetGrainId()));
        Assert.Equal(GrainId.Parse("counter/1"), silo.Grains.GetGrain<ICounterGrain>(1).GetGrainId());
        Assert.Throws<ArgumentException>(() => silo.Grains.GetGrain<ITurnGrain>("several classes"));
    }

    private sealed class Configurator : ISiloConfigurator
    {
        public void Configure(ISiloBuilder siloBuilder) => siloBuilder.AddMemoryGrainStorage("memory");
    }

    private sealed class Director : IPlacementDirector
    {
        public List<string> Asked { get; } = [];

        public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target,
            IPlacementContext context)
        {
            Asked.Add(target.GrainIdentity.ToString());
            return Task.FromResult(context.LocalSilo);
        }
    }

    private sealed class Participant(List<string> events, string name, int stage)
        : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe<Participant>(
            stage,
            _ => Add("+" + name),
            _ => Add("-" + name));

        private Task Add(string what)
        {
            events.Add(what);
            return Task.CompletedTask;
        }
    }
}
