using ClaudeFs.Runtime.Tests.Grains;
using ClaudeFs.TestKit.Fuzzing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Runtime;
using OrleansCodeGen.Support;
using Xunit.Abstractions;

namespace ClaudeFs.Runtime.Tests;

/// <summary>Whatever comes as a call from another process is read or refused.</summary>
public sealed class MessageFuzzTests(ITestOutputHelper output)
{
    private const long SampleInputs = 100_000;

    [Fact]
    public async Task Calls_are_read_or_refused()
    {
        var network = new MemoryNetwork();
        var transport = network.Listen("127.0.0.1:30000");
        await using var silo = await TestSilo.StartAsync(s => s.Services.AddSingleton<IMessageTransport>(transport));
        var samples = await CaptureAsync(network, transport);
        var receiver = new RemoteReceiver(silo.System, new RemoteCalls(silo.System, null));
        using var closed = new CancellationTokenSource();
        var peer = new MemoryPeer(transport, closed);
        var report = Fuzzer.Run(new("calls", samples, Parse), SampleInputs);
        output.WriteLine($"{report}");
        Assert.InRange(report.Accepted, 1, report.Inputs - 1);

        bool Parse(ReadOnlyMemory<byte> input)
        {
            try
            {
                receiver.Read(peer, input.Span, out _, out var activity);
                activity?.Dispose();
                return true;
            }
            catch (Exception refusal) when (refusal is WireException or OrleansException)
            {
                return false;
            }
        }
    }

    /// <summary>Calls of all shapes, as a client sends them.</summary>
    private static async Task<List<byte[]>> CaptureAsync(MemoryNetwork network, MemoryTransport transport)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IMessageTransport>(network.Client());
        builder.UseOrleansClient(static client => client.UseLocalhostClustering());
        using var host = builder.Build();
        await host.StartAsync();
        var client = host.Services.GetRequiredService<IClusterClient>();
        var grain = client.GetGrain<IRemoteGrain>(1);
        RequestContext.Set("who", "client");
        object?[] values =
        [
            null, 5, "text", 1.5, new byte[] { 1, 2, 3 }, new Basket { Items = [1, 2, 3] }, Guid.Empty,
        ];
        foreach (var value in values) await grain.EchoAsync(value);
        await grain.SelfAsync(client.GetGrain<IRemoteGrain>(2));
        await grain.ContextAsync();
        await client.GetGrain<ICounterGrain>(7).AddAsync(new Name("a"), 3);
        RequestContext.Clear();
        await host.StopAsync();
        lock (transport.Received) return [.. transport.Received];
    }
}
