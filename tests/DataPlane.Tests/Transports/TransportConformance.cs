using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Tests.Transports;

/// <summary>What every transport must do.</summary>
public abstract class TransportConformance
{
    protected abstract Harness Create();

    [Fact]
    public Task Frames_of_all_sizes_arrive_whole_and_in_order() => ConnectedAsync(async (h, client, server) =>
    {
        int[] sizes =
            [0, 1, 100, 8191, 8192, 8193, 16_384, 16_385, 65_503, 65_504, 65_505, 1 << 20, Limits.FramePayloadBytesMax];
        var random = new Random(1);
        var payloads = sizes.Select(size => { var b = new byte[size]; random.NextBytes(b); return b; }).ToArray();
        var sending = SendAllAsync(client, payloads);
        for (var i = 0; i < payloads.Length; i++)
        {
            var frame = await h.UntilAsync(server.ReceiveAsync());
            Assert.Equal((ulong)i, frame.Header.RequestId);
            Assert.Equal(Opcode.GrainCall, frame.Header.Opcode);
            Assert.True(payloads[i].AsSpan().SequenceEqual(frame.Payload.Span), $"payload of {sizes[i]} bytes differs");
            frame.Payload.Dispose();
        }

        await h.UntilAsync(sending);
    });

    [Fact]
    public Task Many_small_frames_arrive_in_order_both_ways() => ConnectedAsync(async (h, client, server) =>
    {
        const int Count = 5000;
        var forth = ReceiveIdsAsync(server, Count);
        var back = ReceiveIdsAsync(client, Count);
        var sending = Task.WhenAll(SendIdsAsync(client, Count), SendIdsAsync(server, Count));
        await h.UntilAsync(Task.WhenAll(forth, back, sending));
        Assert.Equal(Enumerable.Range(1, Count).Select(i => (ulong)i), await forth);
        Assert.Equal(Enumerable.Range(1, Count).Select(i => (ulong)i), await back);
    });

    [Fact]
    public Task Head_parts_and_trace_arrive_as_one_payload() => ConnectedAsync(async (h, client, server) =>
    {
        var parts = new ReadOnlyMemory<byte>[] { new byte[] { 3, 4 }, ReadOnlyMemory<byte>.Empty, new byte[20_000] };
        var trace = new TraceContext(1, 2, 3, 1);
        var sending = client.SendAsync(new OutgoingFrame(
            Opcode.BlockPut, FrameFlags.Traced, 7, 1234, new byte[] { 1, 2 }, parts, trace)).AsTask();
        var frame = await h.UntilAsync(server.ReceiveAsync());
        await h.UntilAsync(sending);
        Assert.Equal(1234u, frame.Header.DeadlineMilliseconds);
        Assert.True(TraceContext.TryRead(frame.Payload.Span, out var read));
        Assert.Equal(trace, read);
        var rest = frame.Payload.Slice(TraceContext.SizeBytes, frame.Payload.Length - TraceContext.SizeBytes);
        Assert.Equal(20_004, rest.Length);
        Assert.Equal([1, 2, 3, 4, 0], rest.Span[..5].ToArray());
        frame.Payload.Dispose();
    });

    [Fact]
    public Task A_frame_that_comes_byte_by_byte_is_received() => RawAsync(async (h, raw, server) =>
    {
        var bytes = Frame(40_000);
        var receiving = server.ReceiveAsync().AsTask();
        foreach (var piece in bytes[..100].Select(b => new[] { b }).Append(bytes[100..20_000]).Append(bytes[20_000..]))
        {
            Assert.False(receiving.IsCompleted);
            await h.UntilAsync(raw.SendAsync([piece]));
        }

        var frame = await h.UntilAsync(receiving);
        Assert.Equal(bytes[FrameHeader.SizeBytes..], frame.Payload.Span.ToArray());
        frame.Payload.Dispose();
    });

    [Theory]
    [InlineData("magic", RpcErrorCode.ProtocolError)]
    [InlineData("version", RpcErrorCode.UnsupportedVersion)]
    [InlineData("header checksum", RpcErrorCode.ProtocolError)]
    [InlineData("payload checksum", RpcErrorCode.ProtocolError)]
    [InlineData("oversize", RpcErrorCode.ProtocolError)]
    [InlineData("cut", RpcErrorCode.ProtocolError)]
    [InlineData("checksum of nothing", RpcErrorCode.ProtocolError)]
    public Task What_is_no_frame_is_refused_with_a_reason(string damage, RpcErrorCode expected) =>
        RawAsync(async (h, raw, server) =>
        {
            var bytes = Damaged(damage);
            await h.UntilAsync(raw.SendAsync([bytes]));
            if (damage == "cut") raw.FinishSending();
            var receiving = server.ReceiveAsync().AsTask();
            var exception = await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(receiving));
            Assert.Equal(expected, exception.Code);
            if (damage == "version") Assert.Contains("versions 1 to 1", exception.Message, StringComparison.Ordinal);
        });

    [Fact]
    public Task A_slow_reader_holds_up_the_sender_and_loses_nothing() => ConnectedAsync(async (h, client, server) =>
    {
        var payload = new byte[256 * 1024];
        var sends = new List<Task>();
        for (var i = 0; i < 64; i++)
        {
            sends.Add(client.SendAsync(
                new OutgoingFrame(Opcode.GrainCall, FrameFlags.None, (ulong)i, Head: payload)).AsTask());
        }

        Assert.Contains(sends, send => !send.IsCompleted);
        for (var i = 0; i < sends.Count; i++)
        {
            var frame = await h.UntilAsync(server.ReceiveAsync());
            Assert.Equal((ulong)i, frame.Header.RequestId);
            frame.Payload.Dispose();
        }

        await h.UntilAsync(Task.WhenAll(sends));
    });

    [Fact]
    public Task A_peer_that_goes_fails_receiver_and_senders() => ConnectedAsync(async (h, client, server) =>
    {
        var payload = new byte[1 << 20];
        var sends = Enumerable.Range(0, 64).Select(i => client.SendAsync(
            new OutgoingFrame(Opcode.GrainCall, FrameFlags.None, (ulong)i, Head: payload)).AsTask()).ToArray();
        var receiving = client.ReceiveAsync().AsTask();
        server.Close(new RpcException(RpcErrorCode.PeerUnavailable, "killed"));
        await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(receiving));
        await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(Task.WhenAll(sends)));
        Assert.All(sends, send => Assert.True(send.IsCompleted));
    });

    [Fact]
    public Task A_closed_connection_refuses_to_send_and_receive() => ConnectedAsync(async (h, client, _) =>
    {
        var receiving = client.ReceiveAsync().AsTask();
        client.Close(new RpcException(RpcErrorCode.Overloaded, "enough"));
        var send = await Assert.ThrowsAsync<RpcException>(
            () => client.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, 1)).AsTask());
        Assert.Equal(RpcErrorCode.Overloaded, send.Code);
        Assert.Equal("enough", (await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(receiving))).Message);
    });

    [Fact]
    public Task An_oversize_payload_is_not_sent_and_all_goes_on() => ConnectedAsync(async (h, client, server) =>
    {
        var exception = await Assert.ThrowsAsync<RpcException>(() => client.SendAsync(new OutgoingFrame(
            Opcode.GrainCall, FrameFlags.None, 1, Head: new byte[Limits.FramePayloadBytesMax + 1])).AsTask());
        Assert.Equal(RpcErrorCode.PayloadTooLarge, exception.Code);
        await h.UntilAsync(client.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, 2)));
        Assert.Equal(2ul, (await h.UntilAsync(server.ReceiveAsync())).Header.RequestId);
    });

    [Fact]
    public Task What_was_queued_without_a_flush_leaves_with_one() => ConnectedAsync(async (h, client, server) =>
    {
        await h.UntilAsync(client.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, 1), flush: false));
        var receiving = server.ReceiveAsync().AsTask();
        Assert.False(receiving.IsCompleted);
        client.Flush();
        Assert.Equal(1ul, (await h.UntilAsync(receiving)).Header.RequestId);
    });

    [Fact]
    public Task Nobody_listening_is_peer_unavailable() => Harness.RunAsync(async () =>
    {
        var h = Create();
        var listener = await h.UntilAsync(h.Transport.ListenAsync(h.AnyEndpoint));
        var endpoint = listener.LocalEndpoint;
        await listener.DisposeAsync();
        var exception = await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(h.Transport.ConnectAsync(endpoint)));
        Assert.Equal(RpcErrorCode.PeerUnavailable, exception.Code);
        Assert.Null(await h.UntilAsync(listener.AcceptAsync()));
    });

    [Fact]
    public Task An_address_in_use_is_said_so() => Harness.RunAsync(async () =>
    {
        var h = Create();
        await using var listener = await h.UntilAsync(h.Transport.ListenAsync(h.AnyEndpoint));
        var exception = await Assert.ThrowsAsync<RpcException>(
            () => h.UntilAsync(h.Transport.ListenAsync(listener.LocalEndpoint)));
        Assert.Equal(RpcErrorCode.PeerUnavailable, exception.Code);
        Assert.Contains("in use", exception.Message, StringComparison.OrdinalIgnoreCase);
    });

    [Fact]
    public Task Two_hundred_connections_work_side_by_side() => Harness.RunAsync(async () =>
    {
        var h = Create();
        await using var listener = await h.UntilAsync(h.Transport.ListenAsync(h.AnyEndpoint));
        var pairs = new List<(IConnection Client, IConnection Server)>();
        for (var i = 0; i < 200; i++) pairs.Add(await h.ConnectAsync(listener));
        var received = pairs.Select(pair => ReceiveIdsAsync(pair.Server, 20)).ToArray();
        await h.UntilAsync(Task.WhenAll(pairs.Select(pair => SendIdsAsync(pair.Client, 20))));
        await h.UntilAsync(Task.WhenAll(received));
        foreach (var (client, server) in pairs)
        {
            await client.DisposeAsync();
            await server.DisposeAsync();
        }
    });

    protected static byte[] Frame(int payloadBytes, ulong id = 1)
    {
        var frame = new byte[FrameHeader.SizeBytes + payloadBytes];
        new Random(payloadBytes).NextBytes(frame.AsSpan(FrameHeader.SizeBytes));
        var checksum = Crc32c.Compute(frame.AsSpan(FrameHeader.SizeBytes));
        new FrameHeader(Opcode.GrainCall, FrameFlags.None, id, (uint)payloadBytes, 0, checksum).Write(frame);
        return frame;
    }

    protected Task ConnectedAsync(Func<Harness, IConnection, IConnection, Task> test) => Harness.RunAsync(async () =>
    {
        var h = Create();
        await using var listener = await h.UntilAsync(h.Transport.ListenAsync(h.AnyEndpoint));
        var (client, server) = await h.ConnectAsync(listener);
        await using (client)
        {
            await using (server) await test(h, client, server);
        }
    });

    protected Task RawAsync(Func<Harness, IByteStream, IConnection, Task> test) => Harness.RunAsync(async () =>
    {
        var h = Create();
        await using var listener = await h.UntilAsync(h.Transport.ListenAsync(h.AnyEndpoint));
        var accepting = listener.AcceptAsync().AsTask();
        await using var raw = await h.UntilAsync(h.ConnectRawAsync(listener.LocalEndpoint));
        await using var server = (await h.UntilAsync(accepting))!;
        await test(h, raw, server);
    });

    private static byte[] Damaged(string damage)
    {
        var frame = Frame(damage == "checksum of nothing" ? 0 : 64);
        if (damage == "magic") frame[0] ^= 1;
        if (damage == "version") frame[4] = 9;
        if (damage == "header checksum") frame[8] ^= 1;
        if (damage == "payload checksum") frame[40] ^= 1;
        if (damage == "cut") return frame[..50];
        if (damage == "checksum of nothing")
        {
            new FrameHeader(Opcode.NoOp, FrameFlags.None, 1, 0, 0, 5).Write(frame);
        }

        if (damage == "oversize")
        {
            frame[19] = 1;
            BitConverter.TryWriteBytes(frame.AsSpan(28), Crc32c.Compute(frame.AsSpan(0, 28)));
        }

        return frame;
    }

    private static async Task SendAllAsync(IConnection connection, byte[][] payloads)
    {
        for (var i = 0; i < payloads.Length; i++)
        {
            await connection.SendAsync(
                new OutgoingFrame(Opcode.GrainCall, FrameFlags.None, (ulong)i, Head: payloads[i]));
        }
    }

    private static async Task SendIdsAsync(IConnection connection, int count)
    {
        for (var i = 1; i <= count; i++)
        {
            var payload = new byte[i % 300];
            await connection.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, (ulong)i, Head: payload));
        }
    }

    private static async Task<List<ulong>> ReceiveIdsAsync(IConnection connection, int count)
    {
        var ids = new List<ulong>();
        while (ids.Count < count)
        {
            var frame = await connection.ReceiveAsync();
            ids.Add(frame.Header.RequestId);
            frame.Payload.Dispose();
        }

        return ids;
    }
}
