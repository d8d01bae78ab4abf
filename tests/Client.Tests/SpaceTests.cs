using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

public sealed class SpaceTests : IAsyncDisposable
{
    private readonly ClientFixture _fixture = new(capacityBytes: 1 << 20);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_full_store_is_told_at_the_write_and_what_was_written_stays()
    {
        var client = await _fixture.StartAsync();
        var bytes = ClientCalls.Pattern(900_000);
        var file = await client.CreateAsync("full");
        await client.WriteAsync(file, 0, bytes);
        var refused = await client.WriteAsync(
            file.Inode, file.Handle, bytes.Length, bytes, false, Caller.Root, CancellationToken.None);
        Assert.Equal(FsError.ENOSPC, refused.Error);
        await client.CloseAsync(file);
        Assert.Equal(bytes, await client.ReadAsync(await client.OpenAsync("full"), 0, 2_000_000));
    }

    [Fact]
    public async Task A_put_that_fails_is_reported_once_to_each_handle_and_other_ranges_stay()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("refused");
        await client.WriteAsync(file, 0, ClientCalls.Pattern(70_000));
        (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
        var second = await client.OpenAsync("refused");
        _fixture.Blocks.OnPut = static _ => FsError.ENOSPC;
        await client.WriteAsync(file, 65_536, ClientCalls.Pattern(65_536, 2));
        Assert.Equal(FsError.ENOSPC, (await FlushAsync(client, file)).Error);
        Assert.Equal(FsError.ENOSPC, (await FlushAsync(client, second)).Error);
        Assert.Equal(FsError.None, (await FlushAsync(client, file)).Error);
        _fixture.Blocks.OnPut = null;
        Assert.Equal(ClientCalls.Pattern(70_000), await client.ReadAsync(file, 0, 200_000));
        Assert.Equal(70_000UL, (await client.StatAsync(file.Inode)).SizeBytes);
    }

    [Fact]
    public async Task A_quota_is_told_at_the_write_where_one_is_set()
    {
        var client = await _fixture.StartAsync();
        _fixture.Cluster.SetQuota("u:0", new QuotaLimits(100_000, 0));
        var file = await client.CreateAsync("quota");
        await client.WriteAsync(file, 0, new byte[50_000]);
        var refused = await client.WriteAsync(
            file.Inode, file.Handle, 50_000, new byte[100_000], false, Caller.Root, CancellationToken.None);
        Assert.Equal(FsError.EDQUOT, refused.Error);
        await client.CloseAsync(file);
    }

    [Fact]
    public async Task A_quota_found_at_the_flush_keeps_what_fits()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("parts");
        await client.WriteAsync(file, 0, ClientCalls.Pattern(8192));
        await client.WriteAsync(file, 3 << 20, ClientCalls.Pattern(8192, 2));
        _fixture.Cluster.OnWrite = static (_, write) =>
            write.Updates.Any(static update => update.Index == 3) ? FsError.EDQUOT : FsError.None;
        Assert.Equal(FsError.EDQUOT, (await FlushAsync(client, file)).Error);
        Assert.Equal(ClientCalls.Pattern(8192), await client.ReadAsync(file, 0, 10_000));
    }

    [Fact]
    public async Task Pieces_whose_pins_were_too_old_are_put_again()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("pins");
        var bytes = ClientCalls.Pattern(100_000);
        await client.WriteAsync(file, 0, bytes);
        _fixture.Cluster.OnWrite = (_, write) =>
        {
            if (write.OldestPin >= 2) return FsError.None;
            _fixture.Blocks.GarbageEpoch = 2;
            return FsError.EAGAIN;
        };
        await client.CloseAsync(file);
        Assert.Equal(2, _fixture.Blocks.Puts);
        Assert.Equal(bytes, await client.ReadAsync(await client.OpenAsync("pins"), 0, 200_000));
    }

    [Fact]
    public async Task Reserved_space_goes_back()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("reserved");
        await client.WriteAsync(file, 0, new byte[500_000]);
        Assert.True(_fixture.Blocks.ReservedBytes > 0);
        (await client.UnlinkAsync(InodeId.Root, FsName.Of("reserved"), Caller.Root, CancellationToken.None)).Ok();
        (await client.ReleaseAsync(file.Inode, file.Handle, CancellationToken.None)).Ok();
        await client.DisposeAsync();
        Assert.Equal(0, _fixture.Blocks.ReservedBytes);
        Assert.Equal(0, _fixture.Cluster.KnownSessions);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_is_free_is_never_more_than_what_the_store_has(bool isPutAgain)
    {
        var client = await _fixture.StartAsync();
        var puts = 0;
        if (isPutAgain) _fixture.Cluster.OnWrite = (_, _) => puts++ % 2 == 0 ? FsError.EAGAIN : FsError.None;
        for (var i = 0; i < 10; i++)
        {
            var file = await client.CreateAsync($"short{i}");
            await client.WriteAsync(file, 50_000, new byte[100]);
            await client.CloseAsync(file);
        }

        var space = (await client.GetSpaceAsync(CancellationToken.None)).Ok();
        Assert.True(_fixture.Blocks.UsedBytes >= 10 * Limits.LocatedBytes);
        Assert.InRange(space.FreeBytes, 0UL, space.TotalBytes - (ulong)_fixture.Blocks.UsedBytes);
    }

    private static async Task<FsResult<Nothing>> FlushAsync(
        FileSystemClient client, (InodeId Inode, ulong Handle) file) =>
        await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None);
}
