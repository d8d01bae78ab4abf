using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Leases;

public class RecallTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Make_recalls_the_read_lease_of_another_session_on_the_directory()
    {
        await using var silo = await TestSilo.StartAsync();
        var first = await TestClient.OpenAsync(silo, 11);
        var second = await TestClient.OpenAsync(silo, 12);
        var seen = Ok(await second.LookupAsync(InodeId.Root, "a"));
        Assert.Equal(LeaseMode.Read, seen.EntriesLease.Mode);
        await first.MakeAsync(InodeId.Root, "a", FileMode.Regular | 0x1A4).AsTask().WaitAsync(Bound);
        Assert.True(second.Recalls.TryDequeue(out var recall));
        Assert.Equal((InodeId.Root, seen.EntriesLease.Number, RecallCause.EntriesChange, "a"),
            (recall.Inode, recall.Number, recall.Cause, recall.Name.ToString()));
    }

    [Fact]
    public async Task Make_of_a_directory_in_the_root_commits_in_two_shards()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var a = await client.DirectoryAsync(InodeId.Root, "a").WaitAsync(Bound);
        Assert.NotEqual(InodeId.Root.Shard, a.Shard);
    }
}
