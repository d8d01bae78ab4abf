using ClaudeFs.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace ClaudeFs.Runtime.Tests;

public sealed class LocalCallTests : IAsyncLifetime
{
    private readonly IHost _host = Host.CreateApplicationBuilder().UseOrleans(static silo
        => silo.UseLocalhostClustering()).Build();

    private IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public Task InitializeAsync() => _host.StartAsync();

    public Task DisposeAsync() => _host.StopAsync();

    [Fact]
    public async Task A_call_reaches_its_grain_and_the_grain_keeps_its_state()
    {
        var grain = Grains.GetGrain<ICounterGrain>(1);
        await grain.AddAsync(new Name("a"), 2);
        var answer = await grain.AddAsync(new Name("b"), 3);
        Assert.Equal(5UL, answer.Value);
        Assert.Equal(1UL, (await Grains.GetGrain<ICounterGrain>(2).AddAsync(new Name("c"), 1)).Value);
    }

    [Fact]
    public async Task Arguments_and_results_that_may_change_are_copied()
    {
        var grain = Grains.GetGrain<ICounterGrain>(3);
        var mine = new Basket { Items = [1] };
        var back = await grain.KeepAsync(mine);
        Assert.NotSame(mine, back);
        mine.Items.Add(2);
        back.Items.Add(3);
        Assert.Equal([1], (await grain.GetAsync()).Items);
    }

    [Fact]
    public async Task An_exception_arrives_as_itself()
    {
        var grain = Grains.GetGrain<ICounterGrain>(4);
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => grain.ThrowAsync("no"));
        Assert.Equal("no", e.Message);
    }
}
