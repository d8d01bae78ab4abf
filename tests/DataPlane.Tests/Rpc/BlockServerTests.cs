using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Rpc.Blocks;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Tests.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Tests.Rpc;

public sealed class BlockServerTests
{
    [Theory, InlineData(true), InlineData(false)]
    public Task What_was_put_is_read_back(bool overTcp) => RunAsync(overTcp, async (h, pair, client, store) =>
    {
        var items = new[] { Item(1), Item(4096), Item(65_536), Item(1 << 20) };
        var locations = new ChunkLocation[items.Length];
        var put = await h.UntilAsync(client.PutAsync(items, locations, default));
        Assert.Equal(FsError.None, put.Error);
        Assert.Equal(store.Epoch, put.Value.GarbageEpoch);
        for (var i = 0; i < items.Length; i++)
        {
            var bytes = new byte[items[i].Bytes.Length];
            var read = await h.UntilAsync(client.ReadAsync(locations[i], items[i].Checksum, bytes, default));
            Assert.Equal(FsError.None, read.Error);
            Assert.True(items[i].Bytes.Span.SequenceEqual(bytes));
            Assert.Equal(items[i].Fingerprint, store.Find(locations[i]).Fingerprint);
        }

        var space = await h.UntilAsync(client.GetSpaceAsync(default));
        Assert.Equal(store.Space, space.Value);
        Assert.Equal(FsError.None, (await h.UntilAsync(client.ReserveAsync(-5, default))).Error);
        Assert.Equal(-5, store.Reserved);
    });

    [Fact]
    public Task A_batch_longer_than_a_frame_is_split_and_keeps_its_order() =>
        RunAsync(overTcp: false, async (h, _, client, store) =>
        {
            var items = Enumerable.Range(0, 1300).Select(i => Item(4096, i)).Concat(
                Enumerable.Range(0, 5).Select(i => Item(2 << 20, i))).ToArray();
            var locations = new ChunkLocation[items.Length];
            store.EpochStep = 1;
            var put = await h.UntilAsync(client.PutAsync(items, locations, default));
            Assert.Equal(FsError.None, put.Error);
            Assert.Equal(1ul, put.Value.GarbageEpoch);
            Assert.True(store.Puts > 4, "the batch was not split");
            for (var i = 0; i < items.Length; i++) Assert.Equal(items[i].Checksum, store.Find(locations[i]).Checksum);
            var tooLong = await h.UntilAsync(client.PutAsync(new[] { Item(4 << 20) }, locations, default));
            Assert.Equal(FsError.EINVAL, tooLong.Error);
        });

    [Fact]
    public Task The_stores_refusals_arrive() => RunAsync(overTcp: false, async (h, _, client, store) =>
    {
        var locations = new ChunkLocation[1];
        store.Refusal = FsError.ENOSPC;
        var put = await h.UntilAsync(client.PutAsync(new[] { Item(10) }, locations, default));
        Assert.Equal(FsError.ENOSPC, put.Error);
        Assert.Equal(FsError.ENOSPC, (await h.UntilAsync(client.ReserveAsync(1, default))).Error);
        Assert.Equal(FsError.ENOSPC, (await h.UntilAsync(client.GetSpaceAsync(default))).Error);
        store.Refusal = FsError.None;
        var nowhere = new ChunkLocation(new SegmentId(99), 0);
        Assert.Equal(FsError.ESTALE, (await h.UntilAsync(client.ReadAsync(nowhere, 0, new byte[8], default))).Error);
        Assert.Equal(FsError.EINVAL, (await h.UntilAsync(client.ReadAsync(nowhere, 0, default, default))).Error);

        await h.UntilAsync(client.PutAsync(new[] { Item(10) }, locations, default));
        store.Corrupt(locations[0]);
        var damaged = await h.UntilAsync(client.ReadAsync(locations[0], Item(10).Checksum, new byte[10], default));
        Assert.Equal(FsError.EIO, damaged.Error);
    });

    [Fact]
    public Task Malformed_payloads_are_answered_EINVAL() => RunAsync(overTcp: false, async (h, pair, _, store) =>
    {
        var random = new Random(8);
        foreach (var opcode in new[] { Opcode.BlockPut, Opcode.BlockRead, Opcode.BlockReserve, Opcode.BlockSpace })
        {
            for (var i = 0; i < 2000; i++)
            {
                var payload = new byte[1 + random.Next(7)];
                random.NextBytes(payload);
                using var reply = await h.UntilAsync(pair.Client.CallAsync(new RpcCall(opcode, payload)));
                Assert.Equal((RpcErrorCode.Errno, FsError.EINVAL), (reply.Error!.Code, reply.Error.Errno));
            }
        }

        // A count that would need 4 GiB, and a length past the payload.
        var huge = new byte[] { 255, 255, 255, 255, 0, 0, 0, 0 };
        using var refused = await h.UntilAsync(pair.Client.CallAsync(new RpcCall(Opcode.BlockPut, huge)));
        Assert.Equal(FsError.EINVAL, refused.Error!.Errno);
        var read = new byte[BlockReadMessage.SizeBytes];
        new BlockReadMessage(new ChunkLocation(new SegmentId(1), 1), 0, int.MaxValue).Write(read);
        using var longRead = await h.UntilAsync(pair.Client.CallAsync(new RpcCall(Opcode.BlockRead, read)));
        Assert.Equal(FsError.EINVAL, longRead.Error!.Errno);
        Assert.Equal(0, store.Puts);
    });

    [Fact]
    public Task A_lost_peers_client_of_the_store_is_disposed() => Harness.RunAsync(async () =>
    {
        var h = new MemoryHarness();
        var store = new MemoryBlockClient();
        var router = new RpcRouter();
        new BlockServer(_ => store).AddTo(router);
        await using var pair = await RpcPair.StartAsync(h, router, new RpcRouter(), new RpcOptions(), RpcPair.Mount);
        var client = new RpcBlockClient(pair.Client);
        Assert.Equal(FsError.None, (await h.UntilAsync(client.ReserveAsync(100, default))).Error);
        Assert.False(store.IsDisposed);
        h.Network.Links[0].Break();
        h.RunUntilIdle();
        Assert.True(store.IsDisposed);
    });

    private static BlockWrite Item(int length, int seed = 0)
    {
        var bytes = new byte[length];
        new Random(length + seed).NextBytes(bytes);
        return new BlockWrite(bytes, Crc32c.Compute(bytes), new Fingerprint((ulong)length, (ulong)seed, 1, 2), 0);
    }

    private static Task RunAsync(bool overTcp, Func<Harness, RpcPair, RpcBlockClient, MemoryBlockClient, Task> test) =>
        Harness.RunAsync(async () =>
        {
            Harness h = overTcp ? new TcpHarness() : new MemoryHarness();
            var store = new MemoryBlockClient();
            var router = new RpcRouter();
            new BlockServer(store).AddTo(router);
            await using var pair = await RpcPair.StartAsync(
                h, router, new RpcRouter(), new RpcOptions(), RpcPair.Mount);
            await test(h, pair, new RpcBlockClient(pair.Client), store);
            Assert.False(store.IsDisposed);
        });
}
