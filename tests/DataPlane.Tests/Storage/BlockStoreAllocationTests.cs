using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>Holds the figures of docs/performance.md: bytes allocated a put and a read.</summary>
public sealed class BlockStoreAllocationTests
{
    private const int Puts = 600;

    // What the store remembers of an item, lists that double included. Unoptimized code allocates each state machine.
#if DEBUG
    private const long PutBytesMax = 2048;
    private const long ReadBytesMax = 1024;
#else
    private const long PutBytesMax = 512;
    private const long ReadBytesMax = 0;
#endif

    [Fact]
    public async Task A_read_allocates_nothing_and_a_put_only_what_the_store_remembers()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        await using var device = new ZeroDevice();
        var storage = await StorageDevice.OpenAsync(device, new() { CapacityBytes = 256 << 20 }, new SystemIdSource());
        var store = await BlockStore.OpenAsync(
            storage, new MemorySegmentIndex(), new() { Background = false, InlineContinuations = true }, null,
            TimeProvider.System, NullLogger.Instance);
        using var client = store.CreateClient();
        using var chunk = AlignedMemoryPool.Shared.Rent(Limits.ChunkBytes);
        chunk.GetSpan().Clear();
        var checksum = Crc32c.Compute(chunk.GetSpan());
        BlockWrite[] items = [new(chunk.Memory, checksum, new Fingerprint(1, 2, 3, 4), 0)];
        var locations = new ChunkLocation[1];
        for (var i = 0; i < Puts; i++) Assert.False((await client.PutAsync(items, locations, default)).IsError);
        for (var i = 0; i < Puts; i++) await client.ReadAsync(locations[0], checksum, chunk.Memory, default);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Puts; i++) await client.PutAsync(items, locations, default);
        var put = (GC.GetAllocatedBytesForCurrentThread() - before) / Puts;
        before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Puts; i++) await client.ReadAsync(locations[0], checksum, chunk.Memory, default);
        var read = (GC.GetAllocatedBytesForCurrentThread() - before) / Puts;

        Assert.True(put <= PutBytesMax, $"a put allocates {put} bytes");
        Assert.True(read <= ReadBytesMax, $"a read allocates {read} bytes");
        Assert.Equal(0, store.Statistics.ChecksumFaults);
    }

    // Takes writes and gives zeros but for the first MiB, which it keeps.
    private sealed class ZeroDevice : IBlockDevice
    {
        private readonly byte[] _header = new byte[1 << 20];

        public string Name => "zero";
        public long SizeBytes { get; private set; }
        public int BlockBytes => Limits.DeviceBlockBytes;

        public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
        {
            destination.Span.Clear();
            if (offset < _header.Length) _header.AsSpan((int)offset, destination.Length).CopyTo(destination.Span);
            return ValueTask.CompletedTask;
        }

        public ValueTask WriteAsync(
            long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
        {
            if (offset < _header.Length) source.Span.CopyTo(_header.AsSpan((int)offset));
            return ValueTask.CompletedTask;
        }

        public ValueTask FlushAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask GrowAsync(
            long sizeBytes, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
        {
            SizeBytes = sizeBytes;
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
