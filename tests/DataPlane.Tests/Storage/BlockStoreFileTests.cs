using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.DataPlane.Tests.Storage;

public sealed class BlockStoreFileTests : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private readonly string _directory = Directory.CreateTempSubdirectory("cfs-store-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_store_on_files_takes_puts_from_many_writers_and_has_them_after_a_restart()
    {
        var stored = new List<(ChunkLocation Location, byte[] Bytes)>();
        await using (var opened = await OpenAsync(64 << 20))
        {
            var writers = Enumerable.Range(0, 4).Select(writer => WriteAsync(opened.Store, writer)).ToArray();
            foreach (var writer in writers) stored.AddRange(await writer.WaitAsync(Bound));
            opened.Store.Apply(1, new Stamp(1), [.. stored.Select(s => StoreHarness.Delta(s.Location, s.Bytes, 1))]);
            await opened.Store.FlushAsync();
        }

        await using var again = await OpenAsync(96 << 20);
        Assert.Empty(again.Store.Findings);
        Assert.Equal(1ul, again.Store.DurableCursor);
        using var client = again.Store.CreateClient();
        foreach (var (location, bytes) in stored)
        {
            var copy = new byte[bytes.Length];
            Assert.Equal(FsError.None, (await client.ReadAsync(location, Crc32c.Compute(bytes), copy, default)).Error);
            Assert.True(copy.AsSpan().SequenceEqual(bytes));
        }
    }

    [Fact]
    public async Task An_index_of_another_version_or_device_or_no_index_file_at_all_is_refused()
    {
        await using (var opened = await OpenAsync(64 << 20))
        {
            opened.Store.Apply(1, new Stamp(1), []);
            await opened.Store.FlushAsync();
        }

        File.Delete(Path.Combine(_directory, "device.cfs"));
        var other = await Assert.ThrowsAsync<FsException>(() => OpenAsync(64 << 20));
        Assert.Contains("blocks.db: expected the index of file system", other.Message, StringComparison.Ordinal);

        await File.WriteAllTextAsync(Path.Combine(_directory, "junk.db"), new string('x', 8192));
        var junk = Assert.Throws<FsException>(() => SqliteSegmentIndex.Open(Path.Combine(_directory, "junk.db")));
        Assert.Equal(FsError.EIO, junk.Error);
        Assert.Contains("junk.db", junk.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_and_cursor_of_the_index_go_together()
    {
        var path = Path.Combine(_directory, "index.db");
        var row = new SegmentRow(new(5), SegmentKind.Located, 3, true, [1, 2, 3]);
        var state = new SegmentIndexState(new(1, 2), 3, ulong.MaxValue - 1, new(7));
        await using (var index = SqliteSegmentIndex.Open(path))
        {
            Assert.True(index.Load(_ => Assert.Fail("a new index has no rows")).IsNew);
            index.Commit(state with { Cursor = 1 }, [row with { Id = new(4) }, row], []);
            index.Commit(state, [row with { Place = -1 }], [new(4)]);
        }

        await using var again = SqliteSegmentIndex.Open(path);
        var rows = new List<SegmentRow>();
        Assert.Equal(state, again.Load(rows.Add));
        var found = Assert.Single(rows);
        Assert.Equal(row with { Place = -1, Items = found.Items }, found);
        Assert.Equal([1, 2, 3], found.Items);
    }

    private static async Task<List<(ChunkLocation Location, byte[] Bytes)>> WriteAsync(BlockStore store, int writer)
    {
        using var client = store.CreateClient();
        var random = new Random(writer);
        var stored = new List<(ChunkLocation Location, byte[] Bytes)>();
        for (var put = 0; put < 12; put++)
        {
            var contents = Enumerable.Range(0, random.Next(1, 10))
                .Select(_ => random.Next(2) == 0 ? 65536 : random.Next(1, 4097))
                .Select(length => StoreHarness.Bytes(random.Next(), length)).ToArray();
            var locations = new ChunkLocation[contents.Length];
            var items = contents.Select(
                c => c.Length > 4096 ? StoreHarness.Chunk(c) : StoreHarness.Located(c)).ToArray();
            var reply = await client.PutAsync(items, locations, default);
            Assert.Equal(FsError.None, reply.Error);
            stored.AddRange(locations.Zip(contents));
        }

        return stored;
    }

    private async Task<Opened> OpenAsync(long capacity)
    {
        var device = FileBlockDevice.Open(Path.Combine(_directory, "device.cfs"), new() { Create = true });
        var index = SqliteSegmentIndex.Open(Path.Combine(_directory, "blocks.db"));
        try
        {
            var storage = await StorageDevice.OpenAsync(
                device, new() { CapacityBytes = capacity }, new SystemIdSource());
            var store = await BlockStore.OpenAsync(
                storage, index, new() { Flush = FlushPolicy.BeforeAck }, new ThreadLoopFactory(), TimeProvider.System,
                NullLogger.Instance);
            return new Opened(device, index, store);
        }
        catch (FsException)
        {
            await index.DisposeAsync();
            await device.DisposeAsync();
            throw;
        }
    }

    private sealed class Opened(FileBlockDevice device, ISegmentIndex index, BlockStore store) : IAsyncDisposable
    {
        public BlockStore Store { get; } = store;

        public async ValueTask DisposeAsync()
        {
            await Store.DisposeAsync();
            await index.DisposeAsync();
            await device.DisposeAsync();
        }
    }
}
