using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using static ClaudeFs.DataPlane.Tests.Storage.StoreHarness;

namespace ClaudeFs.DataPlane.Tests.Storage;

public sealed class BlockStoreTests
{
    [Theory, InlineData(1), InlineData(4096), InlineData(4097), InlineData(65536), InlineData(65552)]
    public async Task What_was_put_is_read(int length)
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1));
        var bytes = Bytes(length, length);
        var located = (await harness.PutAsync(Chunk(bytes))).Value[0];
        Assert.Equal(FsError.None, await harness.ReadErrorAsync(located, bytes));
        Assert.Equal(0u, located.Slot % 64);
    }

    [Fact]
    public async Task A_batch_of_chunks_and_located_pieces_spans_segments_and_is_read_back_in_any_order()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1));
        var all = Enumerable.Range(0, 40).Select(i => Bytes(i, i % 3 == 0 ? 4096 - i : 60_000 + i)).ToArray();
        var locations = (await harness.PutAsync(
            [.. all.Select(b => b.Length <= 4096 ? Located(b) : Chunk(b))])).Value;
        Assert.True(locations.Select(l => l.Segment).Distinct().Count() > 3);
        Assert.Equal(locations.Length, locations.Distinct().Count());
        for (var i = all.Length - 1; i >= 0; i--)
        {
            Assert.Equal(FsError.None, await harness.ReadErrorAsync(locations[i], all[i]));
        }
    }

    [Fact]
    public async Task Items_side_by_side_in_native_memory_are_one_write()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        using var memory = AlignedMemoryPool.Shared.Rent(3 * 65536);
        new Random(5).NextBytes(memory.GetSpan());
        var writes = new List<int>();
        device.Fault = (in SimulatedOperation operation) =>
        {
            if (operation.Kind == SimulatedOperationKind.Write) writes.Add(operation.Length);
            return FsError.None;
        };
        var items = Enumerable.Range(0, 3).Select(i => memory.Memory.Slice(i * 65536, 65536))
            .Select(m => new BlockWrite(m, Crc32c.Compute(m.Span), new Fingerprint(1, 1, 1, 1), 0)).ToArray();
        var locations = new ChunkLocation[3];
        Assert.False((await harness.Client.PutAsync(items, locations, default)).IsError);
        Assert.Equal([4096, 3 * 65536], writes);   // the segment's table entry, then all data at once
    }

    [Fact]
    public async Task Bytes_that_are_not_what_their_checksum_says_are_refused_and_nothing_is_stored()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1));
        var good = Bytes(1, 4096);
        var bad = new BlockWrite(Bytes(2, 4096), 77, default, 0);
        Assert.Equal(FsError.EBADMSG, (await harness.PutAsync(Located(good), bad)).Error);
        Assert.Equal(0, harness.Store.Statistics.Space.UsedBytes);
    }

    [Fact]
    public async Task Sizes_out_of_range_and_unknown_locations_are_values()
    {
        var harness = await OpenAsync(new SimulatedBlockDevice(1));
        Assert.Equal(FsError.EINVAL, (await harness.PutAsync()).Error);
        Assert.Equal(FsError.EINVAL, (await harness.PutAsync(Located(Bytes(1, 4097)))).Error);
        Assert.Equal(FsError.EINVAL, (await harness.PutAsync(Chunk(Bytes(1, 65536 + 4097)))).Error);
        Assert.Equal(FsError.EINVAL, (await harness.PutAsync(Chunk([]))).Error);
        var known = (await harness.PutAsync(Located(Bytes(1, 100)))).Value[0];
        Assert.Equal(FsError.ESTALE, await harness.ReadErrorAsync(new(new(99), 0), Bytes(1, 100)));
        Assert.Equal(FsError.ESTALE, await harness.ReadErrorAsync(known with { Slot = uint.MaxValue }, Bytes(1, 100)));
        Assert.Equal(FsError.ESTALE, await harness.ReadErrorAsync(known with { Slot = 64 }, Bytes(1, 100)));
        Assert.Equal(FsError.ESTALE, await harness.ReadErrorAsync(known with { Slot = 1 }, Bytes(1, 100)));
    }

    [Fact]
    public async Task A_flipped_bit_is_EIO_and_counted_and_its_neighbours_are_read()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        byte[][] all = [Bytes(1, 65536), Bytes(2, 65536), Bytes(3, 65536)];
        var locations = (await harness.PutAsync(all.Select(Chunk).ToArray())).Value;
        device.FlipBit(harness.Storage.Geometry.PlaceOffset(0) + (locations[1].Slot * 64) + 77);
        Assert.Equal(FsError.None, await harness.ReadErrorAsync(locations[0], all[0]));
        Assert.Equal(FsError.EIO, await harness.ReadErrorAsync(locations[1], all[1]));
        Assert.Equal(FsError.None, await harness.ReadErrorAsync(locations[2], all[2]));
        Assert.Equal(1, harness.Store.Statistics.ChecksumFaults);

        // It was written, and has been flipped since: what a power cut loses differs in more.
        Assert.True(await harness.Store.VerifyAsync(locations[1], 65536, Crc32c.Compute(all[1])));
        device.FlipBit(harness.Storage.Geometry.PlaceOffset(0) + (locations[1].Slot * 64) + 99);
        Assert.False(await harness.Store.VerifyAsync(locations[1], 65536, Crc32c.Compute(all[1])));
        Assert.True(await harness.Store.VerifyAsync(locations[2], 65536, Crc32c.Compute(all[2])));
    }

    [Fact]
    public async Task Failing_writes_and_reads_are_EIO_and_later_ones_go_elsewhere()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        var bytes = Bytes(1, 65536);
        var first = (await harness.PutAsync(Chunk(bytes))).Value[0];
        var broken = SimulatedOperationKind.Write;
        device.Fault = (in SimulatedOperation operation) => operation.Kind == broken ? FsError.EIO : FsError.None;
        Assert.Equal(FsError.EIO, (await harness.PutAsync(Chunk(Bytes(2, 65536)))).Error);
        Assert.Equal(65536, harness.Store.Statistics.Space.UsedBytes);
        broken = SimulatedOperationKind.Read;
        Assert.Equal(FsError.EIO, await harness.ReadErrorAsync(first, bytes));
        Assert.Equal(1, harness.Store.Statistics.ReadFaults);
        device.Fault = null;
        Assert.Equal(FsError.None, await harness.ReadErrorAsync(first, bytes));
        var later = (await harness.PutAsync(Chunk(bytes))).Value[0];
        Assert.NotEqual(first.Segment, later.Segment);
        Assert.Equal(FsError.None, await harness.ReadErrorAsync(later, bytes));
    }

    [Fact]
    public async Task A_put_is_durable_with_the_next_flush_or_before_its_answer_as_the_policy_says()
    {
        foreach (var policy in new[] { FlushPolicy.WithLog, FlushPolicy.BeforeAck })
        {
            var device = new SimulatedBlockDevice(1);
            var harness = await OpenAsync(device, options: new()
            {
                Flush = policy, Background = false, InlineContinuations = true, SpaceWaitMax = TimeSpan.Zero,
            });
            var flushes = device.FlushCount;
            var bytes = Bytes(1, 65536);
            var location = (await harness.PutAsync(Chunk(bytes))).Value[0];
            Assert.Equal(flushes + (policy == FlushPolicy.BeforeAck ? 1 : 0), device.FlushCount);
            if (policy == FlushPolicy.WithLog) await device.FlushAsync();

            var next = await OpenAsync(device.CutPower(), harness.Index);
            Assert.True(await next.Store.VerifyAsync(location, 65536, Crc32c.Compute(bytes)));
        }
    }

    [Fact]
    public async Task A_failed_flush_ends_storing_but_not_reading()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device, options: new()
        {
            Flush = FlushPolicy.BeforeAck, Background = false, InlineContinuations = true, SpaceWaitMax = TimeSpan.Zero,
        });
        var bytes = Bytes(1, 4096);
        var location = (await harness.PutAsync(Located(bytes))).Value[0];
        device.Fault = (in SimulatedOperation operation) =>
            operation.Kind == SimulatedOperationKind.Flush ? FsError.EIO : FsError.None;
        Assert.Equal(FsError.EIO, (await harness.PutAsync(Located(bytes))).Error);
        device.Fault = null;
        Assert.Equal(FsError.EROFS, (await harness.PutAsync(Located(bytes))).Error);
        Assert.NotNull(harness.Store.Failure);
        Assert.Equal(FsError.None, await harness.ReadErrorAsync(location, bytes));
    }

    [Fact]
    public async Task Puts_at_the_same_time_complete_in_any_order()
    {
        SynchronizationContext.SetSynchronizationContext(null);   // continuations run where a request completes
        var device = new SimulatedBlockDevice(7);
        var harness = await OpenAsync(device);
        device.IsSlow = true;
        var all = Enumerable.Range(0, 24).Select(i => Bytes(i, 65536)).ToArray();
        var puts = all.Select(bytes => harness.PutAsync(Chunk(bytes))).ToArray();
        while (device.CompleteOne())
        {
        }

        device.IsSlow = false;
        for (var i = 0; i < all.Length; i++)
        {
            Assert.Equal(FsError.None, await harness.ReadErrorAsync((await puts[i]).Value[0], all[i]));
        }
    }

    [Fact]
    public async Task An_index_that_was_lost_is_refused_and_not_taken_for_an_empty_store()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        Assert.Equal(FsError.None, (await harness.PutAsync(Chunk(Bytes(1, 65536)))).Error);
        await harness.Store.DisposeAsync();
        var refused = await Assert.ThrowsAsync<FsException>(() => OpenAsync(device, new MemorySegmentIndex()));
        Assert.Equal(FsError.EINVAL, refused.Error);
        Assert.Contains("found an empty one", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_sealed_at_a_clean_stop_is_there_at_the_next_start()
    {
        var device = new SimulatedBlockDevice(1);
        var harness = await OpenAsync(device);
        var bytes = Bytes(1, 65536);
        var location = (await harness.PutAsync(Chunk(bytes))).Value[0];
        await harness.CommitAsync(Delta(location, bytes, 1));
        await harness.Store.DisposeAsync();
        Assert.Equal(FsError.EROFS, (await harness.PutAsync(Chunk(bytes))).Error);

        var next = await OpenAsync(device, harness.Index);
        Assert.Empty(next.Store.Findings);
        Assert.Equal(harness.Cursor, next.Store.DurableCursor);
        Assert.Equal(65536, next.Store.Statistics.Space.UsedBytes);
        Assert.Equal(FsError.None, await next.ReadErrorAsync(location, bytes));
    }
}
