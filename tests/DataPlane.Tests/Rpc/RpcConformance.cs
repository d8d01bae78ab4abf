using System.Diagnostics.Metrics;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Tests.Transports;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Tests.Rpc;

/// <summary>Calls over every transport.</summary>
public abstract class RpcConformance
{
    protected abstract Harness Create();

    [Fact]
    public Task A_call_is_answered_and_says_who_called() => RunAsync(async h =>
    {
        PeerIdentity? seen = null;
        await using var pair = await RpcPair.StartAsync(h, request =>
        {
            seen = request.Peer;
            Assert.InRange(request.Remaining, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(5));
            return new(RpcResponse.Of(request.Payload.ToArray()));
        });
        using var reply = await pair.CallAsync(new byte[] { 1, 2, 3 });
        Assert.Null(reply.Error);
        Assert.Equal([1, 2, 3], reply.Payload.ToArray());
        Assert.Equal(RpcPair.Mount, seen);
        Assert.Equal(RpcPair.Silo, (await pair.ConnectAsync()).Peer);
        Assert.True(pair.Server.TryFind("mount-1", out _));
    });

    [Fact]
    public Task The_server_calls_back_over_the_same_connection_before_it_answers() => RunAsync(async h =>
    {
        await using var pair = await RpcPair.StartAsync(
            h,
            async request =>
            {
                using var recall = await request.Connection.CallAsync(
                    new RpcCall(Opcode.GrainCall, new byte[] { 7 }), request.CancellationToken);
                recall.ThrowIfError();
                return RpcResponse.Of(recall.Payload.ToArray());
            },
            serveBack: request => new(RpcResponse.Of(new byte[] { request.Payload.Span[0], 8 })));
        using var reply = await pair.CallAsync();
        reply.ThrowIfError();
        Assert.Equal([7, 8], reply.Payload.ToArray());
    });

    [Fact]
    public Task Answers_come_in_the_order_of_the_work_not_of_the_calls() => RunAsync(async h =>
    {
        var gates = new Dictionary<byte, TaskCompletionSource>();
        for (byte i = 0; i < 4; i++) gates[i] = new TaskCompletionSource();
        await using var pair = await RpcPair.StartAsync(h, async request =>
        {
            var id = request.Payload.Span[0];
            await gates[id].Task;
            return RpcResponse.Of(new[] { id });
        });
        await pair.ConnectAsync();
        var calls = Enumerable.Range(0, 4).Select(i =>
            pair.Client.CallAsync(new RpcCall(Opcode.GrainCall, new[] { (byte)i })).AsTask()).ToArray();
        for (var i = 3; i >= 0; i--)
        {
            gates[(byte)i].SetResult();
            using var reply = await h.UntilAsync(calls[i]);
            Assert.Equal([(byte)i], reply.Payload.ToArray());
        }
    });

    [Fact]
    public Task Payloads_up_to_the_limit_go_both_ways() => RunAsync(async h =>
    {
        await using var pair = await RpcPair.StartAsync(h, request => new(RpcResponse.Of(request.DetachPayload())));
        foreach (var size in new[] { 0, 1, 9000, 70_000, Limits.FramePayloadBytesMax - TraceContext.SizeBytes })
        {
            var payload = new byte[size];
            new Random(size).NextBytes(payload);
            using var reply = await pair.CallAsync(payload);
            reply.ThrowIfError();
            Assert.True(payload.AsSpan().SequenceEqual(reply.Payload.Span));
        }

        using var refused = await pair.CallAsync(new byte[Limits.FramePayloadBytesMax + 1]);
        Assert.Equal(RpcErrorCode.PayloadTooLarge, refused.Error?.Code);
    });

    [Fact]
    public Task One_way_messages_arrive_in_order_and_are_not_answered() => RunAsync(async h =>
    {
        var seen = new List<byte>();
        var all = new TaskCompletionSource();
        await using var pair = await RpcPair.StartAsync(h, request =>
        {
            Assert.True(request.IsOneWay);
            seen.Add(request.Payload.Span[0]);
            if (seen.Count == 100) all.SetResult();
            return new(RpcResponse.Of(new byte[] { 1 }));
        });
        for (byte i = 0; i < 100; i++)
        {
            await h.UntilAsync(pair.Client.SendOneWayAsync(new RpcCall(Opcode.GrainCall, new[] { i })));
        }

        await h.UntilAsync(all.Task);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), seen);
    });

    [Fact]
    public Task Refusals_and_failures_have_their_names_and_no_inner_text() => RunAsync(async h =>
    {
        var router = new RpcRouter().Map(Opcode.GrainCall, request => request.Payload.Span[0] switch
        {
            0 => new(RpcResponse.Fail(FsError.ENOSPC)),
            1 => throw new InvalidOperationException("secret"),
            2 => throw new FsException(FsError.EROFS, "secret"),
            _ => throw new OperationCanceledException(),
        });
        await using var pair = await RpcPair.StartAsync(
            h, router, new RpcRouter(), new RpcOptions(), new PeerIdentity(PeerRoles.Admin, "admin"));
        (RpcErrorCode Code, FsError Errno)[] expected =
        [
            (RpcErrorCode.Errno, FsError.ENOSPC), (RpcErrorCode.Faulted, FsError.EIO),
            (RpcErrorCode.Errno, FsError.EROFS), (RpcErrorCode.Cancelled, FsError.EINTR),
        ];
        for (byte i = 0; i < expected.Length; i++)
        {
            using var reply = await pair.CallAsync(new[] { i });
            Assert.Equal(expected[i], (reply.Error!.Code, reply.Error.Errno));
            Assert.DoesNotContain("secret", reply.Error.Text, StringComparison.Ordinal);
        }

        // An administrator may not write blocks, and nobody serves their space here.
        using var denied = await h.UntilAsync(pair.Client.CallAsync(new RpcCall(Opcode.BlockPut)));
        Assert.Equal(RpcErrorCode.AccessDenied, denied.Error?.Code);
        using var unserved = await h.UntilAsync(pair.Client.CallAsync(new RpcCall(Opcode.BlockSpace)));
        Assert.Equal(RpcErrorCode.UnknownOpcode, unserved.Error?.Code);
        using var noop = await h.UntilAsync(pair.Client.CallAsync(new RpcCall(Opcode.NoOp)));
        Assert.Null(noop.Error);
    });

    [Fact]
    public Task Both_windows_bound_what_runs_and_all_calls_are_served() => RunAsync(async h =>
    {
        var running = 0;
        var highest = 0;
        var full = new TaskCompletionSource();
        // A gate each: several awaiters of one task would go on at the thread pool.
        var gates = new System.Collections.Concurrent.ConcurrentQueue<TaskCompletionSource>();
        await using var pair = await RpcPair.StartAsync(
            h,
            async request =>
            {
                var now = Interlocked.Increment(ref running);
                InterlockedMax(ref highest, now);
                var gate = new TaskCompletionSource();
                if (!full.Task.IsCompleted) gates.Enqueue(gate);
                else gate.SetResult();
                if (now == 8) full.TrySetResult();
                await gate.Task;
                Interlocked.Decrement(ref running);
                return RpcResponse.Of(request.Payload.ToArray());
            },
            new RpcOptions { InFlightCallsMax = 40, ServedCallsMax = 8, WaitingCallsMax = 500 });
        var connection = await pair.ConnectAsync();
        var calls = Enumerable.Range(0, 540).Select(i => connection.CallAsync(
            new RpcCall(Opcode.GrainCall, BitConverter.GetBytes(i))).AsTask()).ToArray();
        using (var over = await h.UntilAsync(connection.CallAsync(new RpcCall(Opcode.GrainCall))))
        {
            Assert.Equal(RpcErrorCode.PoolExhausted, over.Error?.Code);
            Assert.False(over.WasSent);
        }

        await h.UntilAsync(full.Task);
        foreach (var gate in gates) gate.SetResult();
        for (var i = 0; i < calls.Length; i++)
        {
            using var reply = await h.UntilAsync(calls[i]);
            reply.ThrowIfError();
            Assert.Equal(i, BitConverter.ToInt32(reply.Payload.Span));
        }

        Assert.Equal(8, highest);
    });

    [Fact]
    public Task A_cancelled_call_throws_and_cancels_the_handler() => RunAsync(async h =>
    {
        var started = new TaskCompletionSource();
        var stopped = new TaskCompletionSource();
        await using var pair = await RpcPair.StartAsync(h, async request =>
        {
            var cancelled = new TaskCompletionSource();
            await using var registration = request.CancellationToken.Register(cancelled.SetResult);
            started.TrySetResult();
            await cancelled.Task;
            stopped.SetResult();
            return RpcResponse.Empty;
        });
        using var cancelling = new CancellationTokenSource();
        var calling = pair.Client.CallAsync(new RpcCall(Opcode.GrainCall), cancelling.Token).AsTask();
        await h.UntilAsync(started.Task);
        Cancel(cancelling);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => h.UntilAsync(calling));
        await h.UntilAsync(stopped.Task);
    });

    [Fact]
    public Task A_storm_of_cancellations_leaves_a_working_connection() => RunAsync(async h =>
    {
        await using var pair = await RpcPair.StartAsync(
            h,
            async request =>
            {
                if ((request.Payload.Span[0] & 1) == 0) return RpcResponse.Of(request.Payload.ToArray());
                var never = new TaskCompletionSource();
                await using var registration = request.CancellationToken.Register(
                    () => never.TrySetCanceled(request.CancellationToken));
                await never.Task;
                return RpcResponse.Empty;
            },
            new RpcOptions { InFlightCallsMax = 50 });
        var connection = await pair.ConnectAsync();
        var calls = new List<(CancellationTokenSource Source, Task<RpcReply> Call, bool IsCancelled)>();
        for (var i = 0; i < 2000; i++)
        {
            var source = new CancellationTokenSource();
            var payload = new byte[i % 7 == 0 ? 20_000 : 4];
            BitConverter.TryWriteBytes(payload, i);
            var call = connection.CallAsync(
                new RpcCall(Opcode.GrainCall, payload, Timeout: TimeSpan.FromSeconds(50)), source.Token).AsTask();
            calls.Add((source, call, i % 2 == 1 || i % 3 == 0));
        }

        foreach (var (source, _, isCancelled) in calls)
        {
            if (isCancelled) Cancel(source);
        }

        for (var i = 0; i < calls.Count; i++)
        {
            try
            {
                using var reply = await h.UntilAsync(calls[i].Call);
                reply.ThrowIfError();
                Assert.Equal(i, BitConverter.ToInt32(reply.Payload.Span));
            }
            catch (OperationCanceledException)
            {
                Assert.True(calls[i].IsCancelled, $"call {i} was cancelled by somebody else's token");
            }

            calls[i].Source.Dispose();
        }

        using var last = await pair.CallAsync(new byte[4]);
        last.ThrowIfError();
    });

    [Fact]
    public Task A_clean_close_fails_what_is_in_flight_with_its_reason() => RunAsync(async h =>
    {
        var started = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        await using var pair = await RpcPair.StartAsync(h, async request =>
        {
            started.TrySetResult();
            await using var registration = request.CancellationToken.Register(() => ended.TrySetResult());
            await ended.Task;
            return RpcResponse.Empty;
        });
        var connection = await pair.ConnectAsync();
        var calling = connection.CallAsync(new RpcCall(Opcode.GrainCall)).AsTask();
        await h.UntilAsync(started.Task);
        Assert.True(pair.Server.TryFind("mount-1", out var served));
        await h.UntilAsync(served.CloseAsync("moving house"));
        using var reply = await h.UntilAsync(calling);
        Assert.Equal(RpcErrorCode.PeerUnavailable, reply.Error?.Code);
        Assert.Contains("moving house", reply.Error!.Text, StringComparison.Ordinal);
        Assert.False(connection.IsOpen);
        Assert.True(connection.EndedToken().IsCancellationRequested);
        using var later = await h.UntilAsync(connection.CallAsync(new RpcCall(Opcode.GrainCall)));
        Assert.False(later.WasSent);
        await h.UntilAsync(ended.Task);
    });

    [Fact]
    public Task Two_hundred_clients_call_side_by_side() => RunAsync(async h =>
    {
        await using var pair = await RpcPair.StartAsync(h, request => new(RpcResponse.Of(request.DetachPayload())));
        var clients = Enumerable.Range(0, 200).Select(i => new RpcClient(
            h.Transport, [pair.Server.LocalEndpoint], new PeerIdentity(PeerRoles.Client, $"mount-{i}"), new RpcRouter(),
            new RpcOptions { CallTimeout = TimeSpan.FromSeconds(30), HandshakeTimeout = TimeSpan.FromSeconds(30) },
            h.Time, new RpcPair.SeededIds(i), Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance)).ToArray();
        var calls = clients.SelectMany((client, i) => Enumerable.Range(0, 10).Select(async n =>
        {
            var payload = BitConverter.GetBytes((i * 10) + n);
            using var reply = await client.CallAsync(new RpcCall(Opcode.GrainCall, payload));
            reply.ThrowIfError();
            Assert.Equal(payload, reply.Payload.ToArray());
        }));
        await h.UntilAsync(Task.WhenAll(calls.ToArray()));
        Assert.Equal(200, pair.Server.ConnectionCount);
        foreach (var client in clients) await h.UntilAsync(client.DisposeAsync());
    });

    [Theory]
    [InlineData(Opcode.GrainCall, FrameFlags.None, RpcErrorCode.HandshakeFailed)]
    [InlineData(Opcode.Hello, FrameFlags.OneWay, RpcErrorCode.HandshakeFailed)]
    [InlineData(Opcode.Hello, FrameFlags.None, RpcErrorCode.HandshakeFailed)]
    public Task Who_does_not_greet_is_told_so_and_closed(Opcode opcode, FrameFlags flags, RpcErrorCode expected) =>
        RunAsync(async h =>
        {
            await using var pair = await RpcPair.StartAsync(h, _ => new(RpcResponse.Empty));
            await using var peer = await h.UntilAsync(h.Transport.ConnectAsync(pair.Server.LocalEndpoint));
            await h.UntilAsync(peer.SendAsync(new OutgoingFrame(opcode, flags, 5, Head: new byte[40])));
            var frame = await h.UntilAsync(peer.ReceiveAsync());
            Assert.True(RpcError.TryRead(frame.Payload.Span, out var error));
            Assert.Equal(expected, error!.Code);
            await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(peer.ReceiveAsync()));
        });

    [Fact]
    public Task Another_version_is_refused_with_those_spoken() => RunAsync(async h =>
    {
        await using var pair = await RpcPair.StartAsync(h, _ => new(RpcResponse.Empty));
        await using var raw = await h.ConnectRawAsync(pair.Server.LocalEndpoint);
        var frame = new byte[FrameHeader.SizeBytes];
        new FrameHeader(Opcode.Hello, FrameFlags.None, 1, 0, 0, 0).Write(frame);
        frame[4] = 2;
        await h.UntilAsync(raw.SendAsync([frame]));
        var answer = new byte[1024];
        var length = 0;
        int count;
        while ((count = await h.UntilAsync(raw.ReceiveAsync(answer.AsMemory(length)))) > 0)
        {
            length += count;
            if (length > FrameHeader.SizeBytes) break;
        }

        Assert.True(FrameHeader.TryRead(answer, out var header));
        Assert.True(header.IsError);
        Assert.True(RpcError.TryRead(answer.AsSpan(FrameHeader.SizeBytes, (int)header.PayloadBytes), out var error));
        Assert.Equal(RpcErrorCode.UnsupportedVersion, error!.Code);
        Assert.Contains("versions 1 to 1", error.Text, StringComparison.Ordinal);
    });

    [Theory]
    [InlineData(FrameFlags.Signed)]
    [InlineData(FrameFlags.Compressed)]
    [InlineData(FrameFlags.More)]
    public Task A_reserved_flag_is_refused_and_all_goes_on(FrameFlags flag) => GreetedAsync(async (h, peer) =>
    {
        await h.UntilAsync(peer.SendAsync(new OutgoingFrame(Opcode.GrainCall, flag, 2, Head: new byte[100])));
        var frame = await h.UntilAsync(peer.ReceiveAsync());
        Assert.True(RpcError.TryRead(frame.Payload.Span, out var error));
        Assert.Equal(RpcErrorCode.UnsupportedFlags, error!.Code);
        await h.UntilAsync(peer.SendAsync(new OutgoingFrame((Opcode)0x7777, FrameFlags.None, 3)));
        frame = await h.UntilAsync(peer.ReceiveAsync());
        Assert.True(RpcError.TryRead(frame.Payload.Span, out error));
        Assert.Equal(RpcErrorCode.UnknownOpcode, error!.Code);
        await h.UntilAsync(peer.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, 4)));
        Assert.Equal(4ul, (await h.UntilAsync(peer.ReceiveAsync())).Header.RequestId);
    });

    [Theory]
    [InlineData(FrameFlags.Response, 9ul)]
    [InlineData(FrameFlags.None, 1ul)]
    public Task What_breaks_the_protocol_ends_the_connection_with_a_goodbye(FrameFlags flags, ulong id) =>
        GreetedAsync(async (h, peer) =>
        {
            // An answer nobody asked for, and a second greeting.
            var opcode = flags == FrameFlags.Response ? Opcode.GrainCall : Opcode.Hello;
            await h.UntilAsync(peer.SendAsync(new OutgoingFrame(opcode, flags, id)));
            var frame = await h.UntilAsync(peer.ReceiveAsync());
            Assert.Equal(Opcode.Goodbye, frame.Header.Opcode);
            Assert.True(RpcError.TryRead(frame.Payload.Span, out var error));
            Assert.Equal(RpcErrorCode.ProtocolError, error!.Code);
            await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(peer.ReceiveAsync()));
        });

    [Fact]
    public Task Calls_are_counted_and_timed_by_opcode() => RunAsync(async h =>
    {
        var seen = new System.Collections.Concurrent.ConcurrentBag<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "ClaudeFs.DataPlane") self.EnableMeasurementEvents(instrument);
            },
        };
        void Note(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags) seen.Add($"{instrument.Name} {tag.Key}={tag.Value}");
        }

        listener.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Note(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Note(instrument, tags));
        listener.Start();
        await using var pair = await RpcPair.StartAsync(h, _ => new(RpcResponse.Fail(FsError.ENOENT)));
        (await pair.CallAsync(new byte[10])).Dispose();
        Assert.Contains("claudefs.rpc.requests opcode=grain_call", seen);
        Assert.Contains("claudefs.rpc.errors error=Errno", seen);
        Assert.Contains("claudefs.rpc.bytes direction=received", seen);
        Assert.Contains("claudefs.rpc.duration side=client", seen);
    });

    protected static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); seen < value;)
        {
            var before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen) return;
            seen = before;
        }
    }

    // In line, so that what follows from it stays on the test's thread.
    private static void Cancel(CancellationTokenSource source) => source.Cancel();

    protected Task RunAsync(Func<Harness, Task> test) => Harness.RunAsync(() => test(Create()));

    private Task GreetedAsync(Func<Harness, IConnection, Task> test) => RunAsync(async h =>
    {
        await using var pair = await RpcPair.StartAsync(h, _ => new(RpcResponse.Empty));
        await using var peer = await h.UntilAsync(h.Transport.ConnectAsync(pair.Server.LocalEndpoint));
        var hello = new byte[Hello.SizeBytesMax];
        var length = new Hello(1, 1, PeerRoles.Client, 10, default, "bare").Write(hello);
        await h.UntilAsync(peer.SendAsync(
            new OutgoingFrame(Opcode.Hello, FrameFlags.None, 1, Head: hello.AsMemory(0, length))));
        Assert.Equal(Opcode.Hello, (await h.UntilAsync(peer.ReceiveAsync())).Header.Opcode);
        await test(h, peer);
    });
}
