using ClaudeFs.Grains;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging.Abstractions;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Bench.Store;

/// <summary>An embedded store in a folder of its own, and what is measured on it.</summary>
internal sealed class StoreBench : IAsyncDisposable
{
    private const long LogBytes = 256L << 20;
    private const long RawBytes = 64L << 20;
    private const int BlockBytes = 4096;
    private readonly string _folder;
    private readonly FileBlockDevice _device;
    private readonly EmbeddedMetadata _metadata;
    private readonly MetadataStore _store;
    private ulong _sessions;

    private StoreBench(string folder, FileBlockDevice device, EmbeddedMetadata metadata, MetadataStore store)
    {
        _folder = folder;
        _device = device;
        _metadata = metadata;
        _store = store;
    }

    public static async Task<StoreBench> OpenAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var device = FileBlockDevice.Open(Path.Combine(folder, "device"), new() { Create = true });
        await device.GrowAsync(LogBytes + RawBytes);
        var metadata = await EmbeddedMetadata.OpenAsync(Path.Combine(folder, "meta.db"), new SystemIdSource());
        var region = new BlockDeviceRegion(device.Inline, "log", 0, LogBytes);
        var store = await metadata.OpenStoreAsync(
            region, new ThreadLoopFactory(), TimeProvider.System, NullLogger.Instance);
        return new(folder, device, metadata, store);
    }

    /// <summary>4 KiB written and flushed, one after the other: what a commit cannot be faster than.</summary>
    public async Task<BenchResult> RawAsync(double seconds)
    {
        using var block = AlignedMemory.Allocate(BlockBytes);
        var raw = _device.Inline;
        return await MeasureAsync("raw 4 KiB write + fdatasync", 1, seconds, async i =>
        {
            await raw.WriteAsync(LogBytes + (i * BlockBytes % RawBytes), block.Memory);
            await raw.FlushAsync();
        });
    }

    /// <summary>Creates, each awaited, by writers in parallel: an inode, an entry, a counter and an answer.</summary>
    public Task<BenchResult> CommitsAsync(int writers, double seconds)
    {
        var shard = _store.Shards[new((ushort)writers)];
        var directory = shard.NextInode();
        var session = new SessionId(++_sessions);
        return MeasureAsync("commit of a create", writers, seconds, async i =>
        {
            var name = FsName.Of($"file-{i}");
            var batch = shard.Begin(new(new(session, shard.Id, (ulong)i + 1), (ulong)Math.Max(0, i - 500), default,
                AckMode.Commit), OperationKind.EntryMade);
            var (inode, stamp) = (shard.NextInode(), batch.Stamp);
            var attributes = new InodeAttributes(inode, 1, FileMode.Regular | 0x1A4, 1, 0, 0, 0, 0, 0, stamp, stamp,
                stamp,
                stamp, 1);
            batch.Put(new InodeRow(attributes, InodeId.None, stamp));
            batch.Put(new DentryRow(directory, name, shard.CookieFor(directory, name), inode, 8, stamp));
            batch.AddCounter(CounterKey.User(0), 0, 1);
            FsResult<AttributesReply> answer = new AttributesReply(attributes, LeaseGrant.None);
            batch.SetAnswer(answer);
            var result = await shard.Submit(batch).WhenCommitted(answer);
            if (result.IsError) throw new InvalidOperationException(result.Error.ToString());
        });
    }

    /// <summary>Reads that find what they look for in memory, and the allocation of each.</summary>
    public IEnumerable<BenchResult> Reads()
    {
        const int Count = 2_000_000;
        var shard = _store.Shards[new(1)];
        var version = default(ReadVersion);
        var batch = shard.Begin(default, OperationKind.EntryMade);
        var (id, name) = (shard.NextInode(), FsName.Of("some-file-name.txt"));
        batch.Put(new DentryRow(id, name, shard.CookieFor(id, name), id, 8, batch.Stamp));
        shard.Submit(batch);
        for (var warm = 0; warm < 3; warm++)
        {
            var bytes = GC.GetAllocatedBytesForCurrentThread();
            var start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < Count; i++) shard.FindDentry(id, name, ref version);
            var time = TimeProvider.System.GetElapsedTime(start);
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
            if (warm < 2) continue;
            var each = time.TotalMicroseconds / Count;
            yield return new("lookup in the shard table", 1, 1e6 / each, each, each, (double)bytes / Count);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _metadata.DisposeAsync();
        await _device.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<BenchResult> MeasureAsync(
        string name, int writers, double seconds, Func<long, Task> operation)
    {
        var next = -1L;
        var end = TimeProvider.System.GetTimestamp() + (long)(seconds * TimeProvider.System.TimestampFrequency);
        var bytes = GC.GetTotalAllocatedBytes();
        var start = TimeProvider.System.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, writers).Select(_ => WriteAsync()));
        var elapsed = TimeProvider.System.GetElapsedTime(start);
        var all = times.SelectMany(each => each).Order().ToArray();
        bytes = GC.GetTotalAllocatedBytes() - bytes;
        return new(name, writers, all.Length / elapsed.TotalSeconds, all[all.Length / 2], all[all.Length * 99 / 100],
            (double)bytes / all.Length);

        async Task<List<double>> WriteAsync()
        {
            await Task.Yield();
            var mine = new List<double>();
            while (TimeProvider.System.GetTimestamp() < end)
            {
                var begin = TimeProvider.System.GetTimestamp();
                await operation(Interlocked.Increment(ref next));
                mine.Add(TimeProvider.System.GetElapsedTime(begin).TotalMicroseconds);
            }

            return mine;
        }
    }
}
