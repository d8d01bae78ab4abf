using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

/// <summary>What a silo had taken and not made durable when the session went.</summary>
public sealed class AppliedWritesTests : IAsyncDisposable
{
    private readonly ClientFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Fsync_tells_once_that_a_flush_may_be_lost_with_its_silo()
    {
        var (client, file) = await WriteAsync();
        _fixture.Cluster.LosesRequest = null;
        _fixture.Cluster.Evict(client.Session);
        Assert.Equal(FsError.EIO, await SyncAsync(client, file.Inode));
        Assert.Equal(FsError.None, await SyncAsync(client, file.Inode));
    }

    [Fact]
    public async Task Close_tells_that_a_flush_may_be_lost_with_its_silo()
    {
        var (client, file) = await WriteAsync();
        var other = await client.CreateAsync("other");
        _fixture.Cluster.LosesRequest = null;
        _fixture.Cluster.Evict(client.Session);
        Assert.Equal(FsError.None, await SyncAsync(client, other.Inode));
        Assert.Equal(FsError.EIO, (await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None)).Error);
    }

    [Fact]
    public async Task Fsync_tells_of_writes_that_a_failed_truncation_cut_off()
    {
        var client = await _fixture.StartAsync(ClientFixture.Remote);
        var file = await client.CreateAsync("file");
        await client.WriteAsync(file, 0, [1, 2, 3]);
        _fixture.Cluster.LosesRequest = static name => name == "SetAttributes";
        var change = new AttributesChange(AttributeMask.Size, 0, 0, 0, 0, default, default, default);
        var cut = await client.SetAttributesAsync(file.Inode, change, Caller.Root, CancellationToken.None);
        Assert.Equal(FsError.ETIMEDOUT, cut.Error);
        Assert.Equal(FsError.EIO, await SyncAsync(client, file.Inode));
    }

    [Fact]
    public async Task Flush_that_fsync_answered_for_is_not_lost()
    {
        var (client, file) = await WriteAsync();
        _fixture.Cluster.LosesRequest = null;
        Assert.Equal(FsError.None, await SyncAsync(client, file.Inode));
        _fixture.Cluster.Evict(client.Session);
        Assert.Equal(FsError.None, await SyncAsync(client, file.Inode));
    }

    // Written and flushed, while nobody can find out that it is durable.
    private async Task<(FileSystemClient Client, (InodeId Inode, ulong Handle) File)> WriteAsync()
    {
        var client = await _fixture.StartAsync(ClientFixture.Remote);
        var file = await client.CreateAsync("file");
        _fixture.Cluster.LosesRequest = static name => name == "Sync";
        await client.WriteAsync(file, 0, [1, 2, 3]);
        (await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None)).Ok();
        return (client, file);
    }

    private static async Task<FsError> SyncAsync(FileSystemClient client, InodeId inode) =>
        (await client.SyncAsync(inode, false, CancellationToken.None)).Error;
}
