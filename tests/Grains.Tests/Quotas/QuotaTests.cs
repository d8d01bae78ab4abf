using System.Collections.Immutable;
using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Quotas;

public class QuotaTests
{
    private static readonly Caller Ann = new(1000, 100);

    [Fact]
    public async Task A_limit_on_inodes_refuses_the_one_too_many_and_lets_go_when_one_is_freed()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await OpenAsync(silo, "u:1000", new(0, 3));
        for (var i = 0; i < 3; i++) await client.FileAsync(InodeId.Root, $"f{i}");
        Assert.Equal(FsError.EDQUOT, (await client.MakeAsync(InodeId.Root, "x", FileMode.Regular)).Error);
        Assert.Equal(FsError.EEXIST, (await client.MakeAsync(InodeId.Root, "f1", FileMode.Regular)).Error);
        var removed = Ok(await client.UnlinkAsync(InodeId.Root, "f0"));
        Assert.Equal(FsError.EDQUOT, (await client.MakeAsync(InodeId.Root, "x", FileMode.Regular)).Error);
        Ok(await silo.Inode(removed.Inode).ForgetOrphanAsync(client.Id));
        await client.FileAsync(InodeId.Root, "x");
        Assert.Equal(3UL, Ok(await silo.Grains.GetGrain<IQuotaGrain>("u:1000").GetUsageAsync()).Inodes);
    }

    [Theory]
    [InlineData("u:1000")]
    [InlineData("g:100")]
    public async Task A_limit_on_bytes_is_held_to_the_byte_by_writes_allocation_and_chown(string key)
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await OpenAsync(silo, key, new(10 * 4096, 0));
        var file = await client.FileAsync(InodeId.Root, "a");
        Ok(await client.WriteAsync(file, Blocks(0, 9)));
        Assert.Equal(FsError.EDQUOT, (await client.WriteAsync(file, Blocks(9, 2))).Error);
        Ok(await client.WriteAsync(file, Blocks(0, 10)));
        Assert.Equal(FsError.EDQUOT, (await client.WriteAsync(file, Blocks(10, 1))).Error);
        var grain = silo.Inode(file);
        Assert.Equal(FsError.EDQUOT,
            (await grain.AllocateAsync(client.Op(file), AllocateMode.Allocate, 1 << 20, 4096)).Error);
        Ok(await client.TruncateAsync(file, 4096 * 5));
        Ok(await grain.AllocateAsync(client.Op(file), AllocateMode.Allocate, 1 << 20, 5 * 4096));

        client.Caller = Caller.Root;
        var other = await client.FileAsync(InodeId.Root, "b");
        Ok(await client.WriteAsync(other, Blocks(0, 1)));
        var chown = new AttributesChange { Mask = AttributeMask.Uid | AttributeMask.Gid, Uid = 1000, Gid = 100 };
        Assert.Equal(FsError.EDQUOT, (await client.SetAsync(other, chown)).Error);
        Ok(await client.TruncateAsync(file, 0));
        Ok(await client.SetAsync(other, chown));
        Assert.Equal(4096UL, Ok(await silo.Grains.GetGrain<IQuotaGrain>(key).GetUsageAsync()).Bytes);
    }

    [Fact]
    public async Task A_limit_holds_over_all_shards_together()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await OpenAsync(silo, "u:1000", new(0, 0));
        var directories = new List<InodeId>();
        for (var i = 0; i < 8; i++) directories.Add(await client.DirectoryAsync(InodeId.Root, $"d{i}"));
        Assert.True(directories.Select(directory => directory.Shard).Distinct().Count() > 4);
        client.Caller = Caller.Root;
        Ok(await SetAsync(silo, client, "u:1000", new(0, 108)));
        client.Caller = Ann;
        var made = 0;
        for (var i = 0; i < 200; i++)
        {
            var result = await client.MakeAsync(directories[i % 8], $"f{i}", FileMode.Regular);
            if (!result.IsError) made++;
            else Assert.Equal(FsError.EDQUOT, result.Error);
        }

        Assert.Equal(100, made);
    }

    [Fact]
    public async Task Limits_are_there_after_a_restart_and_gone_when_they_are_removed()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await OpenAsync(silo, "u:1000", new(0, 1));
        await client.FileAsync(InodeId.Root, "a");
        await silo.RestartAsync();
        Ok(await client.ReturnAsync());
        Assert.Equal(FsError.EDQUOT, (await client.MakeAsync(InodeId.Root, "b", FileMode.Regular)).Error);
        Ok(await SetAsync(silo, client, "u:1000", default));
        Ok(await client.MakeAsync(InodeId.Root, "b", FileMode.Regular));
        Assert.False(silo.Core.Quotas.HasLimits);
    }

    [Fact]
    public async Task What_is_reserved_is_charged_without_refusal_and_goes_back_with_the_lease()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await OpenAsync(silo, "u:1000", new(10 * 4096, 0));
        var first = await client.FileAsync(InodeId.Root, "a");
        var second = await client.FileAsync(InodeId.Root, "b");
        Ok(await silo.Inode(first).ReserveAsync(client.Id, 8 * 4096));
        Assert.Equal(FsError.EDQUOT, (await client.WriteAsync(second, Blocks(0, 3))).Error);
        Ok(await client.WriteAsync(second, Blocks(0, 2)));
        Ok(await client.WriteAsync(first, Blocks(0, 4)));
        Assert.Equal(FsError.EDQUOT, (await client.WriteAsync(second, Blocks(2, 1))).Error);
        Ok(await silo.Inode(first).ReleaseLeaseAsync(client.Id, 0, false));
        Ok(await client.WriteAsync(second, Blocks(2, 4)));
        Assert.Equal(FsError.EDQUOT, (await client.WriteAsync(second, Blocks(6, 1))).Error);
    }

    private static async Task<TestClient> OpenAsync(TestSilo silo, string key, QuotaLimits limits)
    {
        var client = await TestClient.OpenAsync(silo, 11);
        Ok(await SetAsync(silo, client, key, limits));
        client.Caller = Ann;
        return client;
    }

    private static ValueTask<FsResult<Nothing>> SetAsync(TestSilo silo, TestClient client, string key,
        QuotaLimits limits) =>
        silo.Grains.GetGrain<IQuotaGrain>(key).SetLimitsAsync(client.Op(InodeId.Root), limits);

    private static uint s_slot;

    private static WriteRequest Blocks(uint first, uint count)
    {
        var pieces = ImmutableArray.CreateBuilder<ExtentPiece>();
        for (var i = first; i < first + count; i++)
        {
            pieces.Add(new(i * 4096, 4096, PieceKind.Located, 0, new(new(1), Interlocked.Increment(ref s_slot)), 4096,
                0, 1,
                default));
        }

        return new(null, [new(0, pieces.DrainToImmutable())], (first + count) * 4096, default, false, 0);
    }
}
