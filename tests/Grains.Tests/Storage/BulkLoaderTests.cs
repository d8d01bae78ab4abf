using System.Globalization;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>
/// A large directory over the real tables. CFS_BULK_ENTRIES=1000000 makes it the size that is promised.
/// </summary>
public sealed class BulkLoaderTests(ITestOutputHelper output) : IDisposable
{
    private const int DefaultEntries = 50_000;
    private const int Tries = 300;
    private readonly string _folder = Directory.CreateTempSubdirectory("cfs-bulk-").FullName;

    private static int Entries =>
        int.TryParse(Environment.GetEnvironmentVariable("CFS_BULK_ENTRIES"), CultureInfo.InvariantCulture,
            out var count)
            ? count
            : DefaultEntries;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_large_directory_is_as_quick_as_a_small_one()
    {
        var device = new SimulatedBlockDevice(1);
        await device.GrowAsync(128 << 20);
        await using var embedded = await EmbeddedMetadata.OpenAsync(Path.Combine(_folder, "meta.db"),
            new SystemIdSource());
        await using var store = await embedded.OpenStoreAsync(
            device, new ThreadLoopFactory(), TimeProvider.System, NullLogger.Instance);
        var (large, small) = (await MakeAsync(store), await MakeAsync(store));
        var start = TimeProvider.System.GetTimestamp();
        var result = await new BulkLoader(store, large).LoadAsync("f", Entries, new(1000, 100));
        Assert.True(!result.IsError, $"{result.Error} {(store.IsReadOnly(out var reason) ? reason : "")}");
        await store.DrainAsync();
        var loaded = TimeProvider.System.GetElapsedTime(start);
        Assert.False((await new BulkLoader(store, small).LoadAsync("f", 100, new(1000, 100))).IsError);
        await store.DrainAsync();
        output.WriteLine($"{Entries} entries in {loaded.TotalSeconds:F1} s, {Entries / loaded.TotalSeconds:F0}/s");
        Assert.True(loaded < TimeSpan.FromSeconds(60));
        Assert.Equal(Entries + 100, store.GetUsage(CounterKey.User(1000)).Inodes);
        Assert.True(store.Statistics.CleanBytes <= StoreLimits.CleanRowsBytesMax + (1 << 20));

        foreach (var (what, act) in Acts(store))
        {
            act(small, 0);
            var (atSmall, atLarge) = (Measure(act, small), Measure(act, large));
            output.WriteLine(
                $"{what}: {atSmall.TotalMicroseconds:F1} us of 100, {atLarge.TotalMicroseconds:F1} us of {Entries}");
            Assert.True(atLarge < (4 * atSmall) + TimeSpan.FromMilliseconds(1), $"{what}: {atLarge} against {atSmall}");
        }
    }

    private static IEnumerable<(string, Action<InodeId, int>)> Acts(MetadataStore store)
    {
        var page = new DentryRow[64];
        yield return ("lookup", (directory, i) =>
        {
            var version = default(ReadVersion);
            Assert.NotNull(store.Shards.Of(directory).FindDentry(directory, FsName.Of($"f{i % 100}"), ref version));
        });
        yield return ("first page", (directory, _) =>
        {
            var version = default(ReadVersion);
            Assert.Equal(64, store.Shards.Of(directory).ReadDentries(directory, 0, page, ref version));
        });
        yield return ("create", (directory, i) =>
        {
            var shard = store.Shards.Of(directory);
            var batch = shard.Begin(default, OperationKind.EntryMade);
            var (inode, name) = (shard.NextInode(), FsName.Of($"new{i}"));
            batch.Put(TestRows.File(inode, batch.Stamp));
            batch.Put(new DentryRow(directory, name, shard.CookieFor(directory, name), inode, 8, batch.Stamp));
            Assert.False(shard.Submit(batch).IsRefused);
        });
    }

    // The median: a neighbour's pause says nothing about directories.
    private static TimeSpan Measure(Action<InodeId, int> act, InodeId directory)
    {
        var times = new TimeSpan[Tries];
        for (var i = 0; i < Tries; i++)
        {
            var start = TimeProvider.System.GetTimestamp();
            act(directory, i);
            times[i] = TimeProvider.System.GetElapsedTime(start);
        }

        Array.Sort(times);
        return times[Tries / 2];
    }

    private static async Task<InodeId> MakeAsync(MetadataStore store)
    {
        var id = store.Shards[new(3)].NextInode();
        var batch = store.Shards.Of(id).Begin(default, OperationKind.EntryMade);
        batch.Put(TestRows.Directory(id, InodeId.Root, batch.Stamp));
        Assert.False((await batch.Shard.Submit(batch).WhenDurableAsync()).IsError);
        return id;
    }
}
