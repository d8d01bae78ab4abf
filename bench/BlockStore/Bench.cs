using System.Diagnostics;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.BlockStore.Bench;

/// <summary>Runs each phase on the store and on a raw file, by turns, and keeps the median of the rounds.</summary>
internal sealed class Bench(
    DataPlane.Storage.BlockStore store, FileBlockDevice storeDevice, FileBlockDevice raw, long bytes)
{
    public const int Rounds = 3;

    private const int BatchBytes = 1 << 20;
    private const int SmallOperations = 1000;

    private int _rawRound;
    private readonly LocalBlockClient _client = store.CreateClient();
    private readonly List<(ChunkLocation Location, uint Checksum)> _chunks = [];
    private readonly List<(ChunkLocation Location, uint Checksum)> _pieces = [];

    public async Task<List<Result>> RunAsync()
    {
        var megabytes = bytes / 1e6;
        return
        [
            await PhaseAsync("sequential put, 1 MiB batches of 64 KiB, one flush at the end, 1 writer", "MB/s",
                megabytes, () => PutAsync(1), () => RawWriteAsync(1)),
            await PhaseAsync("the same, 2 writers", "MB/s", megabytes, () => PutAsync(2), () => RawWriteAsync(2)),
            await PhaseAsync("4 KiB located put + flush", "1/s", SmallOperations, PutSmallAsync, RawWriteSmallAsync),
            await PhaseAsync("sequential read of 64 KiB, depth 1", "MB/s", megabytes, () => ReadAsync(1),
                () => RawReadAsync(1)),
            await PhaseAsync("sequential read of 64 KiB, depth 16", "MB/s", megabytes, () => ReadAsync(16),
                () => RawReadAsync(16)),
            await PhaseAsync("random read of 4 KiB, depth 1", "1/s", SmallOperations, ReadSmallAsync,
                RawReadSmallAsync),
        ];
    }

    private static async Task<Result> PhaseAsync(
        string phase, string unit, double work, Func<Task> onStore, Func<Task> onRaw)
    {
        var rates = new List<(double Store, double Raw)>();
        for (var round = 0; round < Rounds; round++)
        {
            rates.Add((await RateAsync(work, onStore), await RateAsync(work, onRaw)));
        }

        var stored = rates.Select(r => r.Store).Order().ElementAt(Rounds / 2);
        var rawRate = rates.Select(r => r.Raw).Order().ElementAt(Rounds / 2);
        return new Result(phase, unit, Math.Round(stored), Math.Round(rawRate));
    }

    private static async Task<double> RateAsync(double work, Func<Task> run)
    {
        var clock = Stopwatch.StartNew();
        await run();
        return work / clock.Elapsed.TotalSeconds;
    }

    private async Task PutAsync(int writers)
    {
        _chunks.Clear();
        await SpreadAsync(writers, _ => PutShareAsync(bytes / writers));
        await storeDevice.FlushAsync();
    }

    private async Task PutShareAsync(long share)
    {
        using var batch = AlignedMemoryPool.Shared.Rent(BatchBytes);
        new Random(1).NextBytes(batch.GetSpan());
        var items = new BlockWrite[BatchBytes / Limits.ChunkBytes];
        for (var i = 0; i < items.Length; i++)
        {
            var chunk = batch.Memory.Slice(i * Limits.ChunkBytes, Limits.ChunkBytes);
            items[i] = new BlockWrite(chunk, Crc32c.Compute(chunk.Span), new Fingerprint(1, 2, 3, (ulong)i + 1), 0);
        }

        var locations = new ChunkLocation[items.Length];
        for (var written = 0L; written < share; written += BatchBytes)
        {
            Check((await _client.PutAsync(items, locations, default)).Error);
            lock (_chunks)
            {
                for (var i = 0; i < items.Length; i++) _chunks.Add((locations[i], items[i].Checksum));
            }
        }
    }

    private async Task PutSmallAsync()
    {
        using var page = AlignedMemoryPool.Shared.Rent(Limits.LocatedBytes);
        new Random(2).NextBytes(page.GetSpan());
        BlockWrite[] items = [new(page.Memory, Crc32c.Compute(page.GetSpan()), default, 0)];
        var locations = new ChunkLocation[1];
        for (var i = 0; i < SmallOperations; i++)
        {
            Check((await _client.PutAsync(items, locations, default)).Error);
            await storeDevice.FlushAsync();
            _pieces.Add((locations[0], items[0].Checksum));
        }
    }

    private Task ReadAsync(int depth) => SpreadAsync(depth, async worker =>
    {
        using var buffer = AlignedMemoryPool.Shared.Rent(Limits.ChunkBytes);
        for (var i = worker; i < _chunks.Count; i += depth)
        {
            Check((await _client.ReadAsync(_chunks[i].Location, _chunks[i].Checksum, buffer.Memory, default)).Error);
        }
    });

    private async Task ReadSmallAsync()
    {
        var random = new Random(3);
        using var buffer = AlignedMemoryPool.Shared.Rent(Limits.LocatedBytes);
        for (var i = 0; i < SmallOperations; i++)
        {
            var (location, checksum) = _pieces[random.Next(_pieces.Count)];
            Check((await _client.ReadAsync(location, checksum, buffer.Memory, default)).Error);
        }
    }

    // Each round elsewhere, and the same random bytes, as the store does: disks and hosts remember and compress.
    private async Task RawWriteAsync(int writers)
    {
        var start = bytes * (_rawRound++ % Rounds);
        await SpreadAsync(writers, async writer =>
        {
            using var batch = AlignedMemoryPool.Shared.Rent(BatchBytes);
            new Random(1).NextBytes(batch.GetSpan());
            for (var offset = (long)writer * BatchBytes; offset < bytes; offset += (long)writers * BatchBytes)
            {
                await raw.WriteAsync(start + offset, batch.Memory);
            }
        });
        await raw.FlushAsync();
    }

    private async Task RawWriteSmallAsync()
    {
        using var page = AlignedMemoryPool.Shared.Rent(Limits.LocatedBytes);
        for (var i = 0; i < SmallOperations; i++)
        {
            await raw.WriteAsync(i * (long)Limits.LocatedBytes, page.Memory);
            await raw.FlushAsync();
        }
    }

    private Task RawReadAsync(int depth) => SpreadAsync(depth, async worker =>
    {
        using var buffer = AlignedMemoryPool.Shared.Rent(Limits.ChunkBytes);
        var step = (long)depth * Limits.ChunkBytes;
        for (var offset = worker * (long)Limits.ChunkBytes; offset < bytes; offset += step)
        {
            await raw.ReadAsync(offset, buffer.Memory);
        }
    });

    private async Task RawReadSmallAsync()
    {
        var random = new Random(3);
        using var buffer = AlignedMemoryPool.Shared.Rent(Limits.LocatedBytes);
        for (var i = 0; i < SmallOperations; i++)
        {
            await raw.ReadAsync(random.Next(SmallOperations) * (long)Limits.LocatedBytes, buffer.Memory);
        }
    }

    private static Task SpreadAsync(int depth, Func<int, Task> worker) =>
        Task.WhenAll(Enumerable.Range(0, depth).Select(worker));

    private static void Check(FsError error) => Invariant.That(error == FsError.None);
}
