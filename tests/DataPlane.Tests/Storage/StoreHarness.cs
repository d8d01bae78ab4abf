using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>
/// A store on a simulated device with a small segment size, an owner who confirms epochs, and a feed.
/// </summary>
internal sealed class StoreHarness
{
    private static readonly BlockStoreOptions DefaultOptions = new()
    {
        Background = false, InlineContinuations = true, SpaceWaitMax = TimeSpan.Zero,
    };

    private ulong _cursor;

    private StoreHarness(SimulatedBlockDevice device, MemorySegmentIndex index, BlockStore store, StorageDevice storage)
    {
        Device = device;
        Index = index;
        Store = store;
        Storage = storage;
        Client = store.CreateClient();
        Owner = store.Epochs.Register("owner");
        _cursor = store.DurableCursor;
    }

    public SimulatedBlockDevice Device { get; }
    public MemorySegmentIndex Index { get; }
    public BlockStore Store { get; }
    public StorageDevice Storage { get; }
    public LocalBlockClient Client { get; }
    public GarbageEpochs.Participant Owner { get; }
    public ulong Cursor => _cursor;

    public static async Task<StoreHarness> OpenAsync(
        SimulatedBlockDevice device, MemorySegmentIndex? index = null, long capacity = 16 << 20,
        int segmentBytes = 256 << 10, BlockStoreOptions? options = null)
    {
        index ??= new MemorySegmentIndex();
        var storage = await StorageDevice.OpenAsync(
            device, new() { CapacityBytes = capacity, SegmentBytes = segmentBytes }, new SystemIdSource());
        var store = await BlockStore.OpenAsync(
            storage, index, options ?? DefaultOptions, null, TimeProvider.System, NullLogger.Instance);
        return new StoreHarness(device, index, store, storage);
    }

    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static BlockWrite Chunk(byte[] bytes) =>
        new(bytes, Crc32c.Compute(bytes), new Fingerprint(1, 2, 3, (ulong)bytes.Length), 0);

    public static BlockWrite Located(byte[] bytes) => new(bytes, Crc32c.Compute(bytes), default, 0);

    public async Task<FsResult<ChunkLocation[]>> PutAsync(params BlockWrite[] items)
    {
        var locations = new ChunkLocation[items.Length];
        var reply = await Client.PutAsync(items, locations, default);
        return reply.IsError ? reply.Error : locations;
    }

    public async Task<FsError> ReadErrorAsync(ChunkLocation location, byte[] expected)
    {
        var destination = new byte[expected.Length];
        var result = await Client.ReadAsync(location, Crc32c.Compute(expected), destination, default);
        if (!result.IsError) Assert.True(expected.AsSpan().SequenceEqual(destination));
        return result.Error;
    }

    /// <summary>One append of the log with these changes, flushed as the committer would.</summary>
    public async Task CommitAsync(params ReferenceDelta[] deltas)
    {
        await Device.FlushAsync();
        Store.Apply(++_cursor, new Stamp((long)_cursor), deltas);
    }

    /// <summary>Makes counts durable and lets three epochs pass: what is garbage becomes reusable.</summary>
    public async Task PassEpochsAsync()
    {
        await Store.FlushAsync();
        for (var i = 0; i < 3; i++)
        {
            Owner.Confirm(Store.Epochs.Current);
            await Store.MaintainAsync();
        }
    }

    public static ReferenceDelta Delta(ChunkLocation location, byte[] bytes, int change) =>
        new(location, (uint)bytes.Length, Crc32c.Compute(bytes), change);
}
