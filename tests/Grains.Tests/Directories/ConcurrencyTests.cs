using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Directories;

public class ConcurrencyTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Opposite_renames_across_shards_end_and_lose_nothing()
    {
        await using var silo = await TestSilo.StartAsync();
        var clients = new[] { await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12) };
        var a = await clients[0].DirectoryAsync(InodeId.Root, "a");
        var b = await clients[0].DirectoryAsync(InodeId.Root, "b");
        for (var i = 0; i < 8; i++) await clients[0].FileAsync(a, $"f{i}");
        var moved = await Task.WhenAll(
            MoveAsync(clients[0], a, b), MoveAsync(clients[1], b, a), MoveAsync(clients[0], b, a),
                MoveAsync(clients[1], a, b))
            .WaitAsync(Bound);
        Assert.True(moved.Sum() > 8);
        var names = (await clients[0].ListAsync(a)).Concat(await clients[0].ListAsync(b)).Select(entry =>
            entry.Name.ToString());
        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"f{i}"), names.Order(StringComparer.Ordinal));
        Assert.Equal(8UL, (await clients[0].StatAsync(a)).SizeBytes + (await clients[0].StatAsync(b)).SizeBytes);
        Assert.All(silo.Core.Memories, memory => Assert.Equal(0, memory.Intents.Count));
    }

    [Fact]
    public async Task Directories_renamed_into_each_other_at_once_make_no_cycle()
    {
        await using var silo = await TestSilo.StartAsync();
        var clients = new[] { await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12) };
        for (var round = 0; round < 20; round++)
        {
            var a = await clients[0].DirectoryAsync(InodeId.Root, $"a{round}");
            var b = await clients[0].DirectoryAsync(InodeId.Root, $"b{round}");
            var both = await Task.WhenAll(
                OnAnotherThreadAsync(() => clients[0].RenameAsync(InodeId.Root, $"a{round}", b, "x")),
                OnAnotherThreadAsync(() => clients[1].RenameAsync(InodeId.Root, $"b{round}", a, "x"))).WaitAsync(Bound);
            Assert.Single(both, result => !result.IsError);
            Assert.Single(both, result => result.Error is FsError.EINVAL or FsError.ENOENT);
        }
    }

    [Fact]
    public async Task Creates_links_and_removals_of_the_same_names_by_many_keep_counts_right()
    {
        await using var silo = await TestSilo.StartAsync();
        var clients = new[] { await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12) };
        var directory = await clients[0].DirectoryAsync(InodeId.Root, "d");
        await Task.WhenAll(Enumerable.Range(0, 6).Select(i =>
            ChurnAsync(clients[i % 2], directory, i))).WaitAsync(Bound);
        var listed = await clients[0].ListAsync(directory, pageCount: 3);
        var attributes = await clients[0].StatAsync(directory);
        Assert.Equal((ulong)listed.Count, attributes.SizeBytes);
        Assert.Equal(2u + (uint)listed.Count(entry => entry.Attributes.IsDirectory), attributes.Nlink);
        foreach (var group in listed.Where(entry => entry.Attributes.IsRegular).GroupBy(entry => entry.Inode))
        {
            Assert.Equal((uint)group.Count(), (await clients[0].StatAsync(group.Key)).Nlink);
        }
    }

    [Fact]
    public async Task A_listing_neither_repeats_nor_skips_what_stays_while_others_come_and_go()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var directory = await client.DirectoryAsync(InodeId.Root, "d");
        for (var i = 0; i < 40; i++) await client.FileAsync(directory, $"stay{i}");
        var seen = new List<string>();
        var cookie = 0UL;
        for (var page = 0; ; page++)
        {
            var read = Ok(await silo.Directory(directory).ReadAsync(client.Id, cookie, 3, false));
            seen.AddRange(read.Entries.Select(entry => entry.Name.ToString()));
            if (read.IsLast) break;
            cookie = read.Entries[^1].Cookie;
            await client.FileAsync(directory, $"go{page}");
            if (page > 0) Ok(await client.UnlinkAsync(directory, $"go{page - 1}"));
        }

        Assert.Equal(seen.Count, seen.Distinct().Count());
        Assert.Equal(40, seen.Count(name => name.StartsWith("stay", StringComparison.Ordinal)));
    }

    private static async Task<int> MoveAsync(TestClient client, InodeId from, InodeId to)
    {
        var moved = 0;
        for (var i = 0; i < 200; i++)
        {
            var name = $"f{i % 8}";
            var result = await OnAnotherThreadAsync(() => client.RenameAsync(from, name, to, name));
            if (!result.IsError) moved++;
            else Assert.Equal(FsError.ENOENT, result.Error);
        }

        return moved;
    }

    private static async Task ChurnAsync(TestClient client, InodeId directory, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 150; i++)
        {
            var (name, other) = ($"n{random.Next(4)}", $"n{random.Next(4)}");
            var error = random.Next(5) switch
            {
                0 => (await OnAnotherThreadAsync(() => client.MakeAsync(directory, name, FileMode.Regular))).Error,
                1 => (await OnAnotherThreadAsync(() => client.MakeAsync(directory, name, FileMode.Directory))).Error,
                2 => (await OnAnotherThreadAsync(() => client.RenameAsync(directory, name, directory, other))).Error,
                3 => (await OnAnotherThreadAsync(() => client.UnlinkAsync(directory, name))).Error,
                _ => await LinkAsync(client, directory, name, other),
            };
            Assert.Contains(error, new[]
            {
                FsError.None, FsError.EEXIST, FsError.ENOENT, FsError.EISDIR, FsError.ENOTDIR, FsError.EPERM,
                    FsError.ESTALE,
                FsError.ENOTEMPTY,
            });
        }
    }

    private static async Task<FsError> LinkAsync(TestClient client, InodeId directory, string name, string newName)
    {
        var found = Ok(await client.LookupAsync(directory, name)).Attributes.Inode;
        if (found.IsNone) return FsError.ENOENT;
        return (await OnAnotherThreadAsync(() => client.LinkAsync(directory, newName, found))).Error;
    }

    private static async Task<FsResult<T>> OnAnotherThreadAsync<T>(Func<ValueTask<FsResult<T>>> call)
    {
        await Task.Yield();
        return await call();
    }
}
