using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Tests.Transports;
using ClaudeFs.Primitives.Frames;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.DataPlane.Tests.Rpc;

/// <summary>The suite, and what needs a clock that the test moves.</summary>
public sealed class MemoryRpcTests : RpcConformance
{
    protected override Harness Create() => new MemoryHarness();

    [Fact]
    public Task A_call_without_an_answer_times_out_and_its_handler_is_cancelled() => RunAsync(async h =>
    {
        var memory = (MemoryHarness)h;
        var stopped = new TaskCompletionSource();
        await using var pair = await RpcPair.StartAsync(h, async request =>
        {
            await using var registration = request.CancellationToken.Register(() => stopped.TrySetResult());
            await stopped.Task;
            return RpcResponse.Empty;
        });
        var connection = await pair.ConnectAsync();
        var calling = connection.CallAsync(new RpcCall(Opcode.GrainCall)).AsTask();
        var shorter = connection.CallAsync(
            new RpcCall(Opcode.GrainCall, Timeout: TimeSpan.FromMilliseconds(100))).AsTask();
        memory.Advance(TimeSpan.FromMilliseconds(105));
        Assert.Equal(RpcErrorCode.RequestTimeout, (await h.UntilAsync(shorter)).Error?.Code);
        Assert.True(stopped.Task.IsCompleted);
        memory.Advance(TimeSpan.FromMilliseconds(4800));
        using var answered = await h.UntilAsync(calling);
        Assert.Null(answered.Error);
    });

    [Fact]
    public Task Work_whose_deadline_has_passed_is_not_begun() => RunAsync(async h =>
    {
        var memory = (MemoryHarness)h;
        var begun = 0;
        var gate = new TaskCompletionSource();
        await using var pair = await RpcPair.StartAsync(
            h,
            async _ =>
            {
                begun++;
                await gate.Task;
                return RpcResponse.Empty;
            },
            new RpcOptions { ServedCallsMax = 1 });
        var connection = await pair.ConnectAsync();
        var first = connection.CallAsync(new RpcCall(Opcode.GrainCall, Timeout: TimeSpan.FromSeconds(9))).AsTask();
        var second = connection.CallAsync(new RpcCall(Opcode.GrainCall, Timeout: TimeSpan.FromSeconds(1))).AsTask();
        memory.RunUntilIdle();
        // The cable is cut, so that the server's own clock and no Cancel is what stops the second.
        memory.Network.Links[0].Hold();
        memory.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(RpcErrorCode.RequestTimeout, (await h.UntilAsync(second)).Error?.Code);
        gate.SetResult();
        memory.Network.Links[0].Release();
        (await h.UntilAsync(first)).ThrowIfError();
        memory.RunUntilIdle();
        Assert.Equal(1, begun);
    });

    [Fact]
    public Task A_silent_peer_counts_as_dead() => RunAsync(async h =>
    {
        var memory = (MemoryHarness)h;
        var never = new TaskCompletionSource();
        await using var pair = await RpcPair.StartAsync(h, async _ =>
        {
            await never.Task;
            return RpcResponse.Empty;
        });
        var connection = await pair.ConnectAsync();
        memory.Advance(TimeSpan.FromMinutes(5));
        Assert.True(connection.IsOpen, "heartbeats keep an idle connection alive");

        var calling = connection.CallAsync(new RpcCall(Opcode.GrainCall, Timeout: TimeSpan.FromMinutes(1))).AsTask();
        memory.RunUntilIdle();
        Assert.True(pair.Server.TryFind("mount-1", out var served));
        memory.Network.Links[0].Hold();
        memory.Advance(TimeSpan.FromSeconds(17));
        using var reply = await h.UntilAsync(calling);
        Assert.Equal(RpcErrorCode.PeerUnavailable, reply.Error?.Code);
        Assert.Contains("silent", reply.Error!.Text, StringComparison.Ordinal);
        Assert.False(served.IsOpen, "both sides find out");
        never.SetResult();
    });

    [Fact]
    public Task Who_connects_and_says_nothing_is_closed() => RunAsync(async h =>
    {
        var memory = (MemoryHarness)h;
        await using var pair = await RpcPair.StartAsync(h, _ => new(RpcResponse.Empty));
        await using var raw = await h.ConnectRawAsync(pair.Server.LocalEndpoint);
        var receiving = raw.ReceiveAsync(new byte[100]).AsTask();
        memory.Advance(TimeSpan.FromSeconds(2));
        Assert.False(receiving.IsCompleted);
        memory.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, await h.UntilAsync(receiving));
    });

    // A client that stays away for longer than a recall may take loses its session, with all that it has written.
    [Fact]
    public Task A_client_whose_connections_break_stays_away_for_a_second_at_most() => RunAsync(async h =>
    {
        var memory = (MemoryHarness)h;
        await using var pair = await RpcPair.StartAsync(h, static _ => new ValueTask<RpcResponse>(RpcResponse.Empty));
        var longest = TimeSpan.Zero;
        for (var i = 0; i < 12; i++)
        {
            await pair.ConnectAsync();
            memory.Network.Links[^1].Break();
            var broken = h.Time.GetTimestamp();
            memory.RunUntilIdle();
            Assert.NotEqual(RpcClientState.Connected, pair.Client.State);
            while (pair.Client.State != RpcClientState.Connected && longest < TimeSpan.FromSeconds(20))
            {
                memory.Advance(TimeSpan.FromMilliseconds(10));
                var away = h.Time.GetElapsedTime(broken);
                longest = away > longest ? away : longest;
            }
        }

        Assert.InRange(longest, TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(1100));
    });

    [Fact]
    public Task A_client_connects_again_within_a_second_after_its_server_restarts() => RunAsync(async h =>
    {
        var memory = (MemoryHarness)h;
        var log = new UnreachableCount();
        var pair = await RpcPair.StartAsync(h, _ => new(RpcResponse.Empty), log: log);
        var states = new List<RpcClientState>();
        pair.Client.StateChanged += (state, _) => states.Add(state);
        (await pair.CallAsync()).ThrowIfError();
        await h.UntilAsync(pair.Server.DisposeAsync());
        var calling = pair.Client.CallAsync(
            new RpcCall(Opcode.GrainCall, Timeout: TimeSpan.FromSeconds(60))).AsTask();
        memory.Advance(TimeSpan.FromSeconds(25));
        Assert.False(calling.IsCompleted);
        Assert.Equal(RpcClientState.Connecting, pair.Client.State);
        var failures = states.Count(state => state == RpcClientState.Connecting);
        Assert.InRange(failures, 25, 55);
        Assert.Equal(3, log.Lines);

        var again = await h.UntilAsync(RpcServer.StartAsync(
            h.Transport, pair.Server.LocalEndpoint, RpcPair.Silo,
            new RpcRouter().Map(Opcode.GrainCall, _ => new(RpcResponse.Empty)), new RpcOptions(), h.Time,
            NullLogger.Instance));
        memory.Advance(TimeSpan.FromSeconds(1.1));
        Assert.True(calling.IsCompleted, "the server was back for longer than the longest pause");
        (await h.UntilAsync(calling)).ThrowIfError();
        Assert.Equal(RpcClientState.Connected, states[^1]);
        await h.UntilAsync(pair.Client.DisposeAsync());
        await h.UntilAsync(again.DisposeAsync());
    });

    [Fact]
    public Task A_call_that_finds_no_server_fails_in_its_time_and_was_not_sent() => RunAsync(async h =>
    {
        var memory = (MemoryHarness)h;
        var pair = await RpcPair.StartAsync(h, _ => new(RpcResponse.Empty));
        await h.UntilAsync(pair.Server.DisposeAsync());
        var calling = pair.Client.CallAsync(new RpcCall(Opcode.GrainCall)).AsTask();
        memory.Advance(TimeSpan.FromSeconds(6));
        var reply = await h.UntilAsync(calling);
        Assert.Equal(RpcErrorCode.PeerUnavailable, reply.Error?.Code);
        Assert.False(reply.WasSent);

        var waiting = pair.Client.CallAsync(new RpcCall(Opcode.GrainCall)).AsTask();
        await h.UntilAsync(pair.Client.DisposeAsync());
        Assert.Equal(RpcErrorCode.PeerUnavailable, (await h.UntilAsync(waiting)).Error?.Code);
    });

    [Fact]
    public async Task The_same_calls_twice_happen_in_the_same_order()
    {
        Assert.Equal(await TraceAsync(3), await TraceAsync(3));
        Assert.NotEqual(await TraceAsync(3), await TraceAsync(4));
    }

    private async Task<string> TraceAsync(int seed)
    {
        var trace = new List<int>();
        await RunAsync(async h =>
        {
            var random = new Random(seed);
            await using var pair = await RpcPair.StartAsync(h, async request =>
            {
                var id = BitConverter.ToInt32(request.Payload.Span);
                trace.Add(id);
                var pause = TimeSpan.FromMilliseconds(random.Next(1, 50));
                await Task.Delay(pause, h.Time, request.CancellationToken);
                trace.Add(-id);
                return RpcResponse.Empty;
            });
            await pair.ConnectAsync();
            var calls = Enumerable.Range(1, 200).Select(async i =>
            {
                (await pair.Client.CallAsync(new RpcCall(Opcode.GrainCall, BitConverter.GetBytes(i)))).ThrowIfError();
                trace.Add(1000 + i);
            }).ToArray();
            ((MemoryHarness)h).Advance(TimeSpan.FromMilliseconds(100));
            await h.UntilAsync(Task.WhenAll(calls));
        });
        return string.Join(",", trace);
    }

    // How often the client says that its server cannot be reached.
    private sealed class UnreachableCount : ILogger
    {
        private const int CannotReach = 3204;

        public int Lines { get; private set; }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == CannotReach) Lines++;
        }
    }
}
