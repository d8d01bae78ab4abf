using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Integration;

/// <summary>What clients show of a store whose log failed: what is committed, all of it and nothing else.</summary>
public sealed class ReadOnlyTests : IAsyncLifetime
{
    private const int Directories = 4;
    private const int LargeBytes = 300_000;
    private const AttributeMask TimesMask = AttributeMask.Mtime;

    private SiloFixture _silo = null!;

    public async Task InitializeAsync() => _silo = await SiloFixture.StartAsync();

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public async Task The_client_of_the_silos_process_shows_nothing_that_was_taken_back()
    {
        var client = await _silo.StartClientAsync(ClientFixture.Embedded);
        var sink = new RecordingSink();
        client.InvalidationSink = sink;
        var file = await client.CreateAsync("file");
        await client.WriteAsync(file, 0, [1, 2, 3]);
        (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
        var before = client.Session;

        // Closed, and so in the silo and clean here; but not committed.
        _silo.BreakLog();
        await client.WriteAsync(file, 1, [9, 9, 9]);
        (await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None)).Ok();
        await ClientFixture.UntilAsync(() => _silo.IsReadOnly, "the store is read-only");

        Assert.Equal([1, 2, 3], await client.ReadAsync(file, 0, 10));
        Assert.Equal(3UL, (await client.StatAsync(file.Inode)).SizeBytes);
        Assert.Equal(3UL, (await client.FindAsync("file")).Attributes.SizeBytes);
        Assert.NotEqual(before, client.Session);
        Assert.Contains(file.Inode, sink.Inodes);
    }

    [Fact]
    public async Task What_a_client_still_had_to_write_is_told_as_lost_and_shown_no_more()
    {
        var client = await _silo.StartClientAsync(ClientFixture.Embedded);
        var (file, other) = (await client.CreateAsync("file"), await client.CreateAsync("other"));
        await client.WriteAsync(file, 0, [1, 2, 3]);
        (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
        _silo.BreakLog();
        await client.WriteAsync(file, 0, [9]);
        var change = new AttributesChange(AttributeMask.Uid, 0, 7, 0, 0, default, default, default);
        (await client.SetAttributesAsync(other.Inode, change, Caller.Root, CancellationToken.None)).Ok();
        Assert.Equal(7U, (await client.StatAsync(other.Inode)).Uid);
        var committed = await client.SyncAsync(other.Inode, dataOnly: false, CancellationToken.None);
        Assert.Equal(FsError.EIO, committed.Error);
        Assert.Equal([1, 2, 3], await client.ReadAsync(file, 0, 10));
        Assert.Equal(0U, (await client.StatAsync(other.Inode)).Uid);
        var synced = await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None);
        Assert.Contains(synced.Error, new[] { FsError.EIO, FsError.EROFS });
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_client_of_another_process_reads_shards_that_it_had_never_touched(bool isThereBefore)
    {
        var writer = await _silo.StartClientAsync();
        var late = isThereBefore ? await _silo.StartClientAsync() : null;
        var large = ClientCalls.Pattern(LargeBytes);
        var shards = new HashSet<ShardId>();
        for (var i = 0; i < Directories; i++)
        {
            var directory = await MakeDirectoryAsync(writer, $"directory{i}");
            shards.Add(directory.Shard);
            await WriteFileAsync(writer, directory, "small", [1, 2, 3]);
            await WriteFileAsync(writer, directory, "large", large);
        }

        Assert.Equal(Directories, shards.Count);
        (await writer.SyncAllAsync(CancellationToken.None)).Ok();
        _silo.BreakLog();
        var failed = await writer.SetAttributesAsync(
            InodeId.Root, new(TimesMask, 0, 0, 0, 0, default, default, default), Caller.Root, CancellationToken.None);
        Assert.True(failed.IsError && _silo.IsReadOnly);

        var reader = late ?? await _silo.StartClientAsync();
        for (var i = 0; i < Directories; i++)
        {
            var directory = (await reader.FindAsync($"directory{i}")).Attributes.Inode;
            await AssertReadAsync(reader, directory, "small", [1, 2, 3]);
            await AssertReadAsync(reader, directory, "large", large);
        }
    }

    // What one client has not written yet is nobody's: it is told that it is lost before another reads without it.
    [Fact]
    public async Task Who_reads_without_a_lease_has_others_let_go_of_what_they_cannot_write()
    {
        var (writer, reader) = (await _silo.StartClientAsync(), await _silo.StartClientAsync());
        var directory = await MakeDirectoryAsync(writer, "directory");
        await WriteFileAsync(writer, directory, "file", [1, 2, 3]);
        var found = (await writer.LookupAsync(directory, FsName.Of("file"), CancellationToken.None)).Ok().Attributes;
        var handle = (await writer.OpenAsync(found.Inode, 2, Caller.Root, CancellationToken.None)).Ok().Handle;
        (await writer.SyncAllAsync(CancellationToken.None)).Ok();
        await writer.WriteAsync((found.Inode, handle), 2, [9, 9, 9]);
        _silo.BreakLog();
        var change = new AttributesChange(TimesMask, 0, 0, 0, 0, default, default, default);
        Assert.True((await writer.SetAttributesAsync(
            InodeId.Root, change, Caller.Root, CancellationToken.None)).IsError);

        Assert.Equal(5UL, (await writer.StatAsync(found.Inode)).SizeBytes);
        Assert.Equal(3UL, (await reader.StatAsync(found.Inode)).SizeBytes);
        Assert.Equal(3UL, (await writer.StatAsync(found.Inode)).SizeBytes);
        await AssertReadAsync(reader, directory, "file", [1, 2, 3]);
        Assert.Equal([1, 2, 3], await writer.ReadAsync((found.Inode, handle), 0, 10));
        Assert.True((await writer.FlushAsync(found.Inode, handle, CancellationToken.None)).IsError);
    }

    private static async Task<InodeId> MakeDirectoryAsync(FileSystemClient client, string name) =>
        (await client.MakeAsync(InodeId.Root, FsName.Of(name), FileMode.Directory | 0x1ED, 0, default, Caller.Root,
            CancellationToken.None)).Ok().Attributes.Inode;

    private static async Task WriteFileAsync(FileSystemClient client, InodeId directory, string name, byte[] bytes)
    {
        var made = (await client.CreateAsync(
            directory, FsName.Of(name), 0x1A4, 2, Caller.Root, CancellationToken.None)).Ok();
        var file = (made.Node.Attributes.Inode, made.File.Handle);
        await client.WriteAsync(file, 0, bytes);
        await client.CloseAsync(file);
    }

    private static async Task AssertReadAsync(FileSystemClient client, InodeId directory, string name, byte[] bytes)
    {
        var node = (await client.LookupAsync(directory, FsName.Of(name), CancellationToken.None)).Ok();
        var inode = node.Attributes.Inode;
        var stat = (await client.GetAttributesAsync(inode, CancellationToken.None)).Ok();
        Assert.Equal(((ulong)bytes.Length, TimeSpan.Zero), (stat.Attributes.SizeBytes, stat.AttributesTtl));
        var file = (inode, (await client.OpenAsync(inode, 0, Caller.Root, CancellationToken.None)).Ok().Handle);
        Assert.Equal(bytes, await client.ReadAsync(file, 0, bytes.Length + 1));
        var middle = bytes[1..3];
        Assert.Equal(middle, await client.ReadAsync(file, 1, middle.Length));
        Assert.Empty(await client.ReadAsync(file, bytes.Length, 10));
        var hole = await client.SeekAsync(inode, file.Handle, 1, SeekWhence.Hole, CancellationToken.None);
        Assert.Equal(bytes.Length, hole.Ok());
        await client.CloseAsync(file);
    }
}
