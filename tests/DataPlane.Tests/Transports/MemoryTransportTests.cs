using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Tests.Transports;

public sealed class MemoryTransportTests : TransportConformance
{
    protected override Harness Create() => new MemoryHarness();

    [Fact]
    public Task A_pause_inside_a_frame_ends_it_after_the_read_timeout() => RawAsync(async (h, raw, server) =>
    {
        var memory = (MemoryHarness)h;
        var receiving = server.ReceiveAsync().AsTask();
        memory.Advance(TimeSpan.FromMinutes(1));
        Assert.False(receiving.IsCompleted);
        await h.UntilAsync(raw.SendAsync([Frame(100).AsMemory(0, 50)]));
        memory.Advance(TimeSpan.FromSeconds(4));
        Assert.False(receiving.IsCompleted);
        memory.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(
            RpcErrorCode.PeerUnavailable, (await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(receiving))).Code);
    });

    [Fact]
    public Task A_reader_that_takes_nothing_ends_the_connection_after_the_write_timeout() =>
        ConnectedAsync(async (h, client, _) =>
        {
            var memory = (MemoryHarness)h;
            var sending = client.SendAsync(
                new OutgoingFrame(Opcode.GrainCall, FrameFlags.None, 1, Head: new byte[4 << 20])).AsTask();
            memory.Advance(TimeSpan.FromSeconds(4));
            Assert.False(sending.IsCompleted);
            memory.Advance(TimeSpan.FromSeconds(3));
            var exception = await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(sending));
            Assert.Contains("took no byte", exception.Message, StringComparison.Ordinal);
        });

    [Fact]
    public Task A_delay_keeps_the_order_and_a_hold_the_bytes() => ConnectedAsync(async (h, client, server) =>
    {
        var memory = (MemoryHarness)h;
        var link = memory.Network.Links[0];
        link.Delay = TimeSpan.FromMilliseconds(20);
        await h.UntilAsync(client.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, 1)));
        link.Delay = TimeSpan.FromMilliseconds(1);
        await h.UntilAsync(client.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, 2)));
        var receiving = server.ReceiveAsync().AsTask();
        memory.RunUntilIdle();
        Assert.False(receiving.IsCompleted);
        memory.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(1ul, (await h.UntilAsync(receiving)).Header.RequestId);
        Assert.Equal(2ul, (await h.UntilAsync(server.ReceiveAsync())).Header.RequestId);

        link.Hold();
        await h.UntilAsync(client.SendAsync(new OutgoingFrame(Opcode.NoOp, FrameFlags.None, 3)));
        receiving = server.ReceiveAsync().AsTask();
        memory.Advance(TimeSpan.FromSeconds(1));
        Assert.False(receiving.IsCompleted);
        link.Release();
        memory.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3ul, (await h.UntilAsync(receiving)).Header.RequestId);
    });

    [Fact]
    public Task Random_bytes_never_do_more_than_end_the_connection() => Harness.RunAsync(async () =>
    {
        const int Inputs = 5_000;
        var h = (MemoryHarness)Create();
        await using var listener = await h.UntilAsync(h.Transport.ListenAsync(h.AnyEndpoint));
        var random = new Random(20_261_120);
        var held = PayloadPool.Shared.OutstandingBytes;
        for (var i = 0; i < Inputs; i++)
        {
            var accepting = listener.AcceptAsync().AsTask();
            await using var raw = await h.ConnectRawAsync(listener.LocalEndpoint);
            var server = (await h.UntilAsync(accepting))!;
            await raw.SendAsync([Scrambled(random)]);
            raw.FinishSending();
            await Assert.ThrowsAsync<RpcException>(() => h.UntilAsync(ReceiveUntilEndAsync(server)));
            await server.DisposeAsync();
            h.RunUntilIdle();
        }

        Assert.True(
            PayloadPool.Shared.OutstandingBytes - held < 128 << 20, "payloads of refused frames were not given back");
    });

    private static async Task ReceiveUntilEndAsync(IConnection connection)
    {
        while (true) (await connection.ReceiveAsync()).Payload.Dispose();
    }

    // A sound frame with some bytes changed, cut or repeated, or nothing but noise.
    private static byte[] Scrambled(Random random)
    {
        if (random.Next(4) == 0)
        {
            var noise = new byte[random.Next(1, 200)];
            random.NextBytes(noise);
            return noise;
        }

        var frame = Frame(random.Next(0, 100));
        var changes = random.Next(4);
        while (changes-- > 0) frame[random.Next(frame.Length)] = (byte)random.Next(256);
        return random.Next(3) == 0 ? frame[..random.Next(1, frame.Length)] : [.. frame, .. frame];
    }
}
