using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

public sealed class DataTests : IAsyncDisposable
{
    private readonly ClientFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory, InlineData(1), InlineData(4096), InlineData(4097), InlineData(65_536), InlineData(70_000)]
    [InlineData(3_000_000)]
    public async Task What_was_written_is_read_before_and_after_the_flush_and_by_another_client(int length)
    {
        var client = await _fixture.StartAsync();
        var bytes = ClientCalls.Pattern(length);
        var file = await client.CreateAsync("a");
        await client.WriteAsync(file, 0, bytes);
        Assert.Equal(bytes, await client.ReadAsync(file, 0, length + 100));
        Assert.Equal((ulong)length, (await client.StatAsync(file.Inode)).SizeBytes);
        await client.CloseAsync(file);
        Assert.Equal(bytes, await client.ReadAsync(await client.OpenAsync("a"), 0, length + 100));

        var other = await _fixture.StartAsync();
        Assert.Equal(bytes, await other.ReadAsync(await other.OpenAsync("a"), 0, length + 100));
    }

    [Fact]
    public async Task A_small_file_is_one_commit_and_no_put()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("small");
        await client.WriteAsync(file, 0, ClientCalls.Pattern(1000));
        await client.WriteAsync(file, 1000, ClientCalls.Pattern(1000, 2));
        await client.CloseAsync(file);
        Assert.Equal((1, 0), (_fixture.Cluster.CallsOf("Write"), _fixture.Blocks.Puts));
        Assert.Equal(2000, _fixture.Cluster.Inode(file.Inode).Inline!.Length);
    }

    [Fact]
    public async Task Growth_past_inline_moves_all_content()
    {
        var client = await _fixture.StartAsync();
        var bytes = ClientCalls.Pattern(6000);
        var file = await client.CreateAsync("grows");
        await client.WriteAsync(file, 0, bytes[..3000]);
        await client.CloseAsync(file);

        var other = await _fixture.StartAsync();
        var again = await other.OpenAsync("grows");
        await other.WriteAsync(again, 3000, bytes[3000..]);
        await other.CloseAsync(again);
        Assert.Null(_fixture.Cluster.Inode(file.Inode).Inline);
        Assert.Equal(bytes, await client.ReadAsync(await client.OpenAsync("grows"), 0, 9000));
    }

    [Fact]
    public async Task Pieces_are_whole_chunks_and_pages()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("pieces");
        await client.WriteAsync(file, 0, ClientCalls.Pattern(200_000));
        await client.CloseAsync(file);
        Assert.Equal([3392, 65_536, 65_536, 65_536], _fixture.Blocks.StoredLengths.Order());

        var again = await client.OpenAsync("pieces");
        await client.WriteAsync(again, 70_000, ClientCalls.Pattern(10, 3));
        await client.CloseAsync(again);
        var piece = Assert.Single(Assert.Single(_fixture.Cluster.Writes[^1].Updates).Pieces);
        Assert.Equal((69_632u, 4096u, PieceKind.Located), (piece.Offset, piece.Length, piece.Kind));
    }

    [Fact]
    public async Task A_stream_is_put_while_it_is_written()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("stream");
        var bytes = ClientCalls.Pattern(12 << 20);
        const int step = 1 << 20;
        for (var at = 0; at < bytes.Length; at += step) await client.WriteAsync(file, at, bytes[at..(at + step)]);
        await ClientFixture.UntilAsync(() => client.Statistics.Flushes > 0, "a flush in the background");
        await client.CloseAsync(file);
        Assert.Equal(bytes, await client.ReadAsync(await client.OpenAsync("stream"), 0, bytes.Length));
        Assert.Equal(0, client.Statistics.DirtyBytes);
    }

    [Fact]
    public async Task Truncation_cuts_what_is_buffered_and_stored_and_growth_reads_zeros()
    {
        var client = await _fixture.StartAsync();
        var bytes = ClientCalls.Pattern(100_000);
        var file = await client.CreateAsync("cut");
        await client.WriteAsync(file, 0, bytes);
        (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
        await client.WriteAsync(file, 90_000, bytes[..20_000]);
        await client.TruncateAsync(file.Inode, 70_001);
        await client.TruncateAsync(file.Inode, 200_000);
        byte[] expected = [.. bytes[..70_001], .. new byte[129_999]];
        Assert.Equal(expected, await client.ReadAsync(file, 0, 300_000));
        await client.CloseAsync(file);
        var other = await _fixture.StartAsync();
        Assert.Equal(expected, await other.ReadAsync(await other.OpenAsync("cut"), 0, 300_000));
    }

    [Fact]
    public async Task Data_and_holes_are_found_in_what_is_buffered_and_stored()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("sparse");
        await client.WriteAsync(file, 1 << 20, new byte[4096]);
        (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
        await client.WriteAsync(file, 5 << 20, new byte[8192]);
        async Task<FsResult<long>> SeekAsync(long from, SeekWhence whence) =>
            await client.SeekAsync(file.Inode, file.Handle, from, whence, CancellationToken.None);
        Assert.Equal(1 << 20, (await SeekAsync(0, SeekWhence.Data)).Ok());
        Assert.Equal((1 << 20) + 4096, (await SeekAsync(1 << 20, SeekWhence.Hole)).Ok());
        Assert.Equal(5 << 20, (await SeekAsync((1 << 20) + 4096, SeekWhence.Data)).Ok());
        Assert.Equal((5 << 20) + 8192, (await SeekAsync(5 << 20, SeekWhence.Hole)).Ok());
        Assert.Equal(FsError.ENXIO, (await SeekAsync((5 << 20) + 8192, SeekWhence.Data)).Error);
    }

    [Fact]
    public async Task A_punched_range_reads_zeros_to_the_byte()
    {
        var client = await _fixture.StartAsync();
        var bytes = ClientCalls.Pattern(50_000);
        var file = await client.CreateAsync("punched");
        await client.WriteAsync(file, 0, bytes);
        var mode = AllocateMode.PunchHole | AllocateMode.KeepSize;
        (await client.AllocateAsync(
            file.Inode, file.Handle, mode, 1000, 30_000, Caller.Root, CancellationToken.None)).Ok();
        Array.Clear(bytes, 1000, 30_000);
        Assert.Equal(bytes, await client.ReadAsync(file, 0, 60_000));
        await client.CloseAsync(file);
        var other = await _fixture.StartAsync();
        Assert.Equal(bytes, await other.ReadAsync(await other.OpenAsync("punched"), 0, 60_000));
    }

    [Fact]
    public async Task Inline_content_survives_an_allocation()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("allocated");
        await client.WriteAsync(file, 0, [1, 2, 3]);
        await client.CloseAsync(file);
        file = await client.OpenAsync("allocated");
        (await client.AllocateAsync(
            file.Inode, file.Handle, AllocateMode.Allocate, 0, 10_000, Caller.Root, CancellationToken.None)).Ok();
        byte[] expected = [1, 2, 3, .. new byte[9997]];
        Assert.Equal(expected, await client.ReadAsync(file, 0, 20_000));
        await client.CloseAsync(file);
    }

    [Fact]
    public async Task A_range_is_copied_between_files()
    {
        var client = await _fixture.StartAsync();
        var bytes = ClientCalls.Pattern(2_500_000);
        var (source, target) = (await client.CreateAsync("source"), await client.CreateAsync("target"));
        await client.WriteAsync(source, 0, bytes);
        var copied = await client.CopyRangeAsync(
            source.Inode, source.Handle, 10, target.Inode, target.Handle, 5, 3_000_000, Caller.Root,
            CancellationToken.None);
        Assert.Equal(bytes.Length - 10, copied.Ok());
        byte[] expected = [.. new byte[5], .. bytes[10..]];
        Assert.Equal(expected, await client.ReadAsync(target, 0, 3_000_000));
    }

    [Fact]
    public async Task An_unlinked_file_lives_until_its_last_close()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("gone");
        await client.WriteAsync(file, 0, [1, 2, 3]);
        (await client.UnlinkAsync(InodeId.Root, FsName.Of("gone"), Caller.Root, CancellationToken.None)).Ok();
        Assert.True((await client.FindAsync("gone")).Attributes.Inode.IsNone);
        Assert.Equal([1, 2, 3], await client.ReadAsync(file, 0, 10));
        Assert.True(_fixture.Cluster.Exists(file.Inode));
        await client.CloseAsync(file);
        await ClientFixture.UntilAsync(() => !_fixture.Cluster.Exists(file.Inode), "the orphan is freed");
        Assert.Equal(0, client.Statistics.DirtyFiles);
    }

    [Fact]
    public async Task A_time_set_after_writes_stands_although_an_earlier_flush_takes_it_along()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("dated");
        await client.WriteAsync(file, 0, ClientCalls.Pattern(70_000));
        var held = _fixture.Cluster.HoldFirst("Write");
        var flush = client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None);
        await client.WriteAsync(file, 1 << 20, ClientCalls.Pattern(70_000));
        var time = new Stamp(981_173_106_789_000_000);
        var change = new AttributesChange { Mask = AttributeMask.Mtime, Mtime = time };
        (await client.SetAttributesAsync(file.Inode, change, Caller.Root, CancellationToken.None)).Ok();
        held.SetResult();
        (await flush).Ok();
        Assert.Equal(time, _fixture.Cluster.Inode(file.Inode).Attributes.Mtime);
        await client.CloseAsync(file);
        Assert.Equal(time, _fixture.Cluster.Inode(file.Inode).Attributes.Mtime);
        Assert.Equal(time, (await client.StatAsync(file.Inode)).Mtime);
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
        var synced = await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None);
        Assert.Equal(FsError.EIO, synced.Error);
    }

    [Fact]
    public async Task Reads_ahead_of_a_stream_are_answered_from_memory()
    {
        var writer = await _fixture.StartAsync();
        var bytes = ClientCalls.Pattern(8 << 20);
        var file = await writer.CreateAsync("ahead");
        await writer.WriteAsync(file, 0, bytes);
        await writer.CloseAsync(file);
        var reader = await _fixture.StartAsync();
        var opened = await reader.OpenAsync("ahead");
        const int step = 128 * 1024;
        for (var at = 0; at < bytes.Length; at += step)
        {
            Assert.Equal(bytes[at..(at + step)], await reader.ReadAsync(opened, at, step));
        }

        Assert.True(reader.Statistics.ChunkHits > 100, $"{reader.Statistics.ChunkHits} hits");
    }

    [Fact]
    public async Task A_damaged_block_is_an_error_and_never_bytes()
    {
        var writer = await _fixture.StartAsync();
        var file = await writer.CreateAsync("damaged");
        await writer.WriteAsync(file, 0, ClientCalls.Pattern(100_000));
        await writer.CloseAsync(file);
        _fixture.Blocks.Damage();
        var reader = await _fixture.StartAsync();
        var opened = await reader.OpenAsync("damaged");
        var read = await reader.ReadAsync(opened.Inode, opened.Handle, 0, new byte[100], CancellationToken.None);
        Assert.Equal(FsError.EIO, read.Error);
    }
}
