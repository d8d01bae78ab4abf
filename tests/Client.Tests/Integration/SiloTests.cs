using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Integration;

public sealed class SiloTests : IAsyncLifetime
{
    private SiloFixture _silo = null!;

    public async Task InitializeAsync() => _silo = await SiloFixture.StartAsync();

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Theory, InlineData(1), InlineData(4096), InlineData(100_000), InlineData(9_000_000)]
    public async Task What_one_client_closed_another_reads(int length)
    {
        var (writer, reader) = (await _silo.StartClientAsync(), await _silo.StartClientAsync());
        Assert.True((await reader.FindAsync("file")).Attributes.Inode.IsNone);
        var bytes = ClientCalls.Pattern(length);
        var file = await writer.CreateAsync("file");
        await writer.WriteAsync(file, 0, bytes);
        await writer.CloseAsync(file);
        var found = await reader.FindAsync("file");
        Assert.Equal((ulong)length, (await reader.StatAsync(found.Attributes.Inode)).SizeBytes);
        Assert.Equal(bytes, await reader.ReadAsync(await reader.OpenAsync("file"), 0, length + 1));
    }

    [Fact]
    public async Task What_is_written_and_not_closed_is_seen_by_who_looks()
    {
        var (writer, reader) = (await _silo.StartClientAsync(), await _silo.StartClientAsync());
        var file = await writer.CreateAsync("open");
        for (var round = 1; round < 10; round++)
        {
            var bytes = ClientCalls.Pattern(round * 1000, round);
            await writer.WriteAsync(file, 0, bytes);
            var opened = await reader.OpenAsync("open");
            Assert.Equal(bytes, await reader.ReadAsync(opened, 0, 100_000));
            await reader.CloseAsync(opened);
        }
    }

    [Theory, InlineData(11), InlineData(12), InlineData(13), InlineData(14)]
    public async Task Two_clients_read_what_either_wrote_last(int seed)
    {
        _silo.Blocks.IsAsync = seed % 2 == 0;
        FileSystemClient[] clients = [await _silo.StartClientAsync(), await _silo.StartClientAsync()];
        var first = await clients[0].CreateAsync("model");
        var second = await clients[1].OpenAsync("model");
        var model = new FileModel(seed);
        for (var step = 0; step < 200; step++)
        {
            var isFirst = model.Random.Next(3) != 0;
            await model.StepAsync(clients[isFirst ? 0 : 1], isFirst ? first : second, step);
        }

        await model.CheckAllAsync(clients[0], first, "at the end");
        await model.CheckAllAsync(clients[1], second, "at the end");
    }

    [Fact]
    public async Task Names_move_and_go()
    {
        var (client, other) = (await _silo.StartClientAsync(), await _silo.StartClientAsync());
        var file = await client.CreateAsync("a");
        await client.WriteAsync(file, 0, [1, 2, 3]);
        await client.CloseAsync(file);
        Assert.Equal(file.Inode, (await other.FindAsync("a")).Attributes.Inode);
        var made = await client.MakeAsync(
            InodeId.Root, FsName.Of("d"), FileMode.Directory | 0x1ED, 0, default, Caller.Root, CancellationToken.None);
        var directory = made.Ok().Attributes.Inode;
        (await client.RenameAsync(
            InodeId.Root, FsName.Of("a"), directory, FsName.Of("b"), RenameFlags.None, Caller.Root,
            CancellationToken.None)).Ok();
        Assert.True((await other.FindAsync("a")).Attributes.Inode.IsNone);
        var linked = await other.LinkAsync(
            file.Inode, InodeId.Root, FsName.Of("c"), Caller.Root, CancellationToken.None);
        Assert.Equal(2u, linked.Ok().Attributes.Nlink);
        (await client.UnlinkAsync(directory, FsName.Of("b"), Caller.Root, CancellationToken.None)).Ok();
        Assert.Equal(1u, (await client.StatAsync(file.Inode)).Nlink);
        (await client.RemoveDirectoryAsync(InodeId.Root, FsName.Of("d"), Caller.Root, CancellationToken.None)).Ok();
        Assert.True((await other.FindAsync("d")).Attributes.Inode.IsNone);
        Assert.Equal([1, 2, 3], await other.ReadAsync(await other.OpenAsync("c"), 0, 10));
    }

    [Fact]
    public async Task A_file_that_another_client_unlinks_lives_while_it_is_open()
    {
        var (client, other) = (await _silo.StartClientAsync(), await _silo.StartClientAsync());
        var file = await client.CreateAsync("gone");
        await client.WriteAsync(file, 0, ClientCalls.Pattern(10_000));
        (await other.UnlinkAsync(InodeId.Root, FsName.Of("gone"), Caller.Root, CancellationToken.None)).Ok();
        Assert.True((await client.FindAsync("gone")).Attributes.Inode.IsNone);
        Assert.Equal(ClientCalls.Pattern(10_000), await client.ReadAsync(file, 0, 20_000));
        await client.WriteAsync(file, 10_000, [1]);
        Assert.Equal(10_001UL, (await client.StatAsync(file.Inode)).SizeBytes);
        await client.CloseAsync(file);
    }

    [Fact]
    public async Task Attributes_times_and_xattrs_are_kept()
    {
        var client = await _silo.StartClientAsync();
        var file = await client.CreateAsync("kept");
        await client.WriteAsync(file, 0, [1]);
        var past = new Stamp(1_000_000_000_000_000_000);
        var times = new AttributesChange(
            AttributeMask.Atime | AttributeMask.Mtime | AttributeMask.Mode, 0x180, 0, 0, 0, past, past, default);
        (await client.SetAttributesAsync(file.Inode, times, Caller.Root, CancellationToken.None)).Ok();
        (await client.SetXattrAsync(
            file.Inode, FsName.Of("user.x"), "y"u8.ToArray(), XattrMode.Create, Caller.Root,
            CancellationToken.None)).Ok();
        await client.CloseAsync(file);
        await client.DisposeAsync();

        var other = await _silo.StartClientAsync();
        var found = (await other.FindAsync("kept")).Attributes;
        Assert.Equal((past, 0x180u, 1UL), (found.Mtime, found.Mode & FileMode.PermissionMask, found.SizeBytes));
        Assert.Equal("y"u8.ToArray(), (await other.GetXattrAsync(
            found.Inode, FsName.Of("user.x"), CancellationToken.None)).Ok().ToArray());
        Assert.Equal(FsError.ENODATA, (await other.GetXattrAsync(
            found.Inode, FsName.Of("user.z"), CancellationToken.None)).Error);
    }

    [Fact]
    public async Task A_listing_that_goes_on_tells_no_attributes_of_before_a_change()
    {
        var (lister, other) = (await _silo.StartClientAsync(), await _silo.StartClientAsync());
        foreach (var name in new[] { "a", "b", "c" }) await lister.CloseAsync(await lister.CreateAsync(name));
        var listing = (await lister.OpenDirectoryAsync(InodeId.Root, CancellationToken.None)).Ok().Handle;
        var page = await lister.ReadDirectoryAsync(InodeId.Root, listing, 0, true, CancellationToken.None);
        var entries = page.Ok().ToArray();
        Assert.Equal(5, entries.Length);
        var change = new AttributesChange { Mask = AttributeMask.Mode, Mode = 0x1C0 };
        var changed = entries[^1].Inode;
        (await other.SetAttributesAsync(changed, change, Caller.Root, CancellationToken.None)).Ok();
        page = await lister.ReadDirectoryAsync(
            InodeId.Root, listing, entries[^3].Cookie, true, CancellationToken.None);
        var (kept, renewed) = (page.Ok().Span[0], page.Value.Span[1]);
        Assert.Equal((entries[^2].Inode, entries[^2].Inode), (kept.Inode, kept.Node.Attributes.Inode));
        Assert.Equal(changed, renewed.Inode);
        Assert.True(renewed.Node.Attributes.Inode.IsNone);
    }

    [Fact]
    public async Task Many_files_are_made_by_many_at_once_and_all_are_listed()
    {
        var clients = new[] { await _silo.StartClientAsync(), await _silo.StartClientAsync() };
        var work = Enumerable.Range(0, 8).Select(worker => MakeFilesAsync(clients[worker % 2], worker)).ToArray();
        await Task.WhenAll(work);
        var reader = await _silo.StartClientAsync();
        var listing = (await reader.OpenDirectoryAsync(InodeId.Root, CancellationToken.None)).Ok().Handle;
        var seen = new HashSet<string>();
        for (var cookie = 0UL; ;)
        {
            var page = await reader.ReadDirectoryAsync(InodeId.Root, listing, cookie, true, CancellationToken.None);
            if (page.Ok().IsEmpty) break;
            foreach (var entry in page.Value.ToArray()) seen.Add(System.Text.Encoding.UTF8.GetString(entry.Name.Span));
            cookie = page.Value.Span[^1].Cookie;
        }

        Assert.Equal((8 * 50) + 2, seen.Count);
    }

    private static async Task MakeFilesAsync(FileSystemClient client, int worker)
    {
        for (var i = 0; i < 50; i++)
        {
            var file = await client.CreateAsync($"file-{worker}-{i}");
            await client.WriteAsync(file, 0, ClientCalls.Pattern(4096, i));
            (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
            await client.CloseAsync(file);
        }
    }
}
