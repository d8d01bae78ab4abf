using ClaudeFs.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Messaging;

namespace ClaudeFs.Runtime.Tests;

public sealed class RemoteTests : IAsyncLifetime
{
    private readonly MemoryNetwork _network = new();
    private MemoryTransport _siloTransport = null!;
    private MemoryTransport _clientTransport = null!;
    private TestSilo _silo = null!;
    private IHost _client = null!;

    private IClusterClient Client => _client.Services.GetRequiredService<IClusterClient>();

    public async Task InitializeAsync()
    {
        _siloTransport = _network.Listen("127.0.0.1:30000");
        _clientTransport = _network.Client();
        _silo = await TestSilo.StartAsync(s => s.Services.AddSingleton<IMessageTransport>(_siloTransport));
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IMessageTransport>(_clientTransport);
        builder.UseOrleansClient(static c => c.UseLocalhostClustering());
        _client = builder.Build();
        await _client.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _client.StopAsync();
        await _silo.DisposeAsync();
    }

    [Fact]
    public async Task A_client_calls_grains_of_the_silo()
    {
        var grain = Remote(1);
        Assert.Equal(5, await grain.EchoAsync(5));
        Assert.Null(await grain.EchoAsync(null));
        Assert.Equal([1, 2], ((Basket)(await grain.EchoAsync(new Basket { Items = [1, 2] }))!).Items);
        Assert.Equal(3UL, (await Client.GetGrain<ICounterGrain>(7).AddAsync(new Name("a"), 3)).Value);
        Assert.Equal(4UL, (await _silo.Grains.GetGrain<ICounterGrain>(7).AddAsync(new Name("a"), 1)).Value);
    }

    [Fact]
    public async Task A_silo_calls_observers_of_a_client_over_its_connection()
    {
        var listener = new Listener(this);
        var reference = Client.CreateObjectReference<IListener>(listener);
        Assert.Equal("asked you", await Remote(2).AskAsync(reference, "you"));
        await Remote(2).TellAsync(reference, "told");
        Assert.Equal("told", await listener.Told.Task.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Single(_clientTransport.Peers);
        Client.DeleteObjectReference<IListener>(reference);
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => Remote(2).AskAsync(reference, "you"));
    }

    [Fact]
    public async Task A_cycle_through_a_client_is_refused_with_its_chain()
    {
        var reference = Client.CreateObjectReference<IListener>(new Listener(this));
        var e = await Assert.ThrowsAsync<OrleansException>(() => Remote(3).CallBackAsync(reference));
        Assert.Contains("remote/3.CallBackAsync -> sys.client/", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("-> remote/3.EchoAsync", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exceptions_cross_as_themselves_or_as_the_nearest_base_that_may()
    {
        var e = await Assert.ThrowsAsync<TestFailureException>(() => Remote(4).ThrowAsync("words"));
        Assert.Equal((42, "words"), (e.Code, e.Message));
        Assert.Contains(nameof(RemoteGrain.ThrowAsync), e.StackTrace, StringComparison.Ordinal);
        var odd = await Assert.ThrowsAsync<InvalidOperationException>(() => Remote(4).ThrowAsync("unmarked"));
        Assert.Contains("UnmarkedException: odd", odd.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_client_cancels_the_callee()
    {
        using var source = new CancellationTokenSource();
        var call = Remote(5).WaitAsync("remote5", source.Token);
        await Gates.ArrivedAsync("remote5");
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Gates.PassAsync("remote5 seen").WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(["cancelled"], Gates.Records("remote5"));
    }

    [Fact]
    public async Task References_and_the_request_context_cross()
    {
        var back = await Remote(6).SelfAsync(Remote(8));
        Assert.Equal(8, back.GetPrimaryKeyLong());
        Assert.Equal(9, await back.EchoAsync(9));
        RequestContext.Set("who", "client");
        Assert.Equal("client", await Remote(6).ContextAsync());
        RequestContext.Clear();
    }

    [Fact]
    public async Task A_broken_connection_answers_unknown_and_the_next_call_connects_again()
    {
        var call = Remote(9).WaitAsync("remote9", CancellationToken.None);
        await Gates.ArrivedAsync("remote9");
        await _clientTransport.Peers[0].CloseAsync();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => call);
        Assert.Equal(1, await Remote(10).EchoAsync(1));
        Assert.Equal(2, _clientTransport.Peers.Count);
    }

    [Fact]
    public async Task Malformed_messages_are_answered_with_an_error()
    {
        await Remote(11).EchoAsync(new Basket { Items = [1, 2, 3] });
        var good = _siloTransport.Received[^1];
        var peer = _clientTransport.Peers[0];
        var random = new Random(20_26);
        for (var i = 0; i < 3000; i++)
        {
            var bad = good.ToArray();
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            var answer = await peer.SendAsync(
                bad.AsMemory(0, random.Next(bad.Length + 1)), TimeSpan.FromSeconds(10), CancellationToken.None);
            Assert.True(answer.Length == 0 || answer.Span[0] == 1);
        }

        Assert.Equal(1, await Remote(11).EchoAsync(1));
    }

    private IRemoteGrain Remote(long key) => Client.GetGrain<IRemoteGrain>(key);

    private sealed class Listener(RemoteTests test) : IListener
    {
        public TaskCompletionSource<string> Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<Answer<string>> AskAsync(Name name)
        {
            if (name.Text == "callback")
            {
                await test.Remote(3).EchoAsync(1);
            }

            return new("asked " + name.Text, 0);
        }

        public Task TellAsync(string what)
        {
            Told.TrySetResult(what);
            return Task.CompletedTask;
        }
    }
}
