using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Inodes;

public class ErrorTests
{
    [Fact]
    public async Task Make_refuses_what_the_model_does_not_draw()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        var symlink = FileMode.Symlink | 0x1FFu;
        Assert.Equal(FsError.ENAMETOOLONG, (await client.MakeAsync(InodeId.Root, "l", symlink, new('x', 4096))).Error);
        Assert.Equal(FsError.ENOENT, (await client.MakeAsync(InodeId.Root, "l", symlink, "")).Error);
        Assert.Equal(FsError.EINVAL, (await client.MakeAsync(InodeId.Root, "l", 0x1FF)).Error);
        Assert.Equal(FsError.ENOTDIR, (await client.MakeAsync(file, "l", FileMode.Regular)).Error);
        Assert.Equal(FsError.ESTALE, (await client.MakeAsync(InodeId.Of(default, 999), "l", FileMode.Regular)).Error);
        Assert.Equal(FsError.ENOTDIR, (await client.RenameAsync(InodeId.Root, "a", file, "x")).Error);
        Assert.Equal(FsError.EINVAL,
            (await client.RenameAsync(InodeId.Root, "a", InodeId.Root, "x", (RenameFlags)4)).Error);
        Assert.Equal(FsError.EINVAL, (await client.RenameAsync(InodeId.Root, "a", InodeId.Root, "x",
            RenameFlags.NoReplace | RenameFlags.Exchange)).Error);
        var target = Ok(await client.MakeAsync(InodeId.Root, "l", symlink, new('x', 4095))).Attributes;
        Assert.Equal(4095, Ok(await silo.Inode(target.Inode).ReadLinkAsync(client.Id)).Length);
        Assert.Equal(FsError.EINVAL, (await silo.Inode(file).ReadLinkAsync(client.Id)).Error);
    }

    [Fact]
    public async Task Links_end_at_their_limit()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        var directory = await client.DirectoryAsync(InodeId.Root, "d");
        var other = await client.DirectoryAsync(InodeId.Root, "e");
        SetLinks(silo, file);
        SetLinks(silo, directory);
        Assert.Equal(FsError.EMLINK, (await client.LinkAsync(InodeId.Root, "b", file)).Error);
        Assert.Equal(FsError.EMLINK, (await client.MakeAsync(directory, "x", FileMode.Directory)).Error);
        Assert.Equal(FsError.EMLINK, (await client.RenameAsync(InodeId.Root, "e", directory, "e")).Error);
        Ok(await client.MakeAsync(directory, "f", FileMode.Regular));
        Assert.Equal(FsError.EMLINK,
            (await client.RenameAsync(directory, "f", InodeId.Root, "e", RenameFlags.Exchange)).Error);
        Assert.Equal(2u, (await client.StatAsync(other)).Nlink);
    }

    [Fact]
    public async Task Fallocate_and_truncate_refuse_as_Linux_does()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        var fifo = Ok(await client.MakeAsync(InodeId.Root, "p", FileMode.Fifo | 0x180)).Attributes.Inode;
        Assert.Equal(FsError.EINVAL, await AllocateAsync(file, AllocateMode.Allocate, 0, 0));
        Assert.Equal(FsError.EFBIG, await AllocateAsync(file, AllocateMode.Allocate, Limits.FileBytesMax, 1));
        Assert.Equal(FsError.EFBIG, await AllocateAsync(file, AllocateMode.Allocate, 1, ulong.MaxValue));
        Assert.Equal(FsError.EOPNOTSUPP, await AllocateAsync(file, AllocateMode.PunchHole, 0, 4096));
        Assert.Equal(FsError.EOPNOTSUPP, await AllocateAsync(file, (AllocateMode)8, 0, 4096));
        Assert.Equal(FsError.ENODEV, await AllocateAsync(fifo, AllocateMode.Allocate, 0, 4096));
        Assert.Equal(FsError.EFBIG, (await client.TruncateAsync(file, Limits.FileBytesMax + 1)).Error);
        Assert.Equal(FsError.EISDIR, (await silo.Inode(InodeId.Root).GetMapAsync(client.Id, 0, 1)).Error);

        async Task<FsError> AllocateAsync(InodeId inode, AllocateMode mode, ulong offset, ulong length) =>
            (await silo.Inode(inode).AllocateAsync(client.Op(inode), mode, offset, length)).Error;
    }

    [Fact]
    public async Task Extended_attributes_have_prefixes_and_limits()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        Assert.Equal(FsError.EOPNOTSUPP, await SetAsync("system.posix_acl_access", 8));
        Assert.Equal(FsError.EOPNOTSUPP, await SetAsync("other.a", 8));
        Assert.Equal(FsError.EINVAL, await SetAsync("user.", 8));
        Assert.Equal(FsError.E2BIG, await SetAsync("user.a", Limits.XattrValueBytesMax + 1));
        for (var i = 0; i < 4; i++) Assert.Equal(FsError.None, await SetAsync($"user.{i}", Limits.XattrValueBytesMax));
        Assert.Equal(FsError.ENOSPC, await SetAsync("user.x", 1));
        Assert.Equal(FsError.ENODATA, (await silo.Inode(file).GetXattrAsync(client.Id, FsName.Of("user.x"))).Error);
        Assert.Equal(FsError.EOPNOTSUPP,
            (await silo.Inode(file).GetXattrAsync(client.Id, FsName.Of("system.posix_acl_access"))).Error);

        async Task<FsError> SetAsync(string name, int length) => (await silo.Inode(file).SetXattrAsync(
            client.Op(file), FsName.Of(name), new byte[length], XattrMode.CreateOrReplace)).Error;
    }

    [Fact]
    public async Task Set_id_bits_and_capabilities_go_with_writes_and_new_owners()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var setId = FileMode.SetUid | FileMode.SetGid;
        var file = await client.FileAsync(InodeId.Root, "a", setId | 0x1ED);
        var locked = await client.FileAsync(InodeId.Root, "b", setId | 0x1A4);
        var capability = FsName.Of("security.capability");
        Ok(await silo.Inode(file).SetXattrAsync(client.Op(file), capability, [1], XattrMode.Create));
        Ok(await client.WriteAsync(file, new([1], [], 1, default, false, 0)));
        Assert.Equal(FileMode.Regular | setId | 0x1ED, (await client.StatAsync(file)).Mode);
        Ok(await client.WriteAsync(file, new([1], [], 1, default, true, 0)));
        Assert.Equal(FileMode.Regular | 0x1EDu, (await client.StatAsync(file)).Mode);
        Assert.Equal(FsError.ENODATA, (await silo.Inode(file).GetXattrAsync(client.Id, capability)).Error);
        Ok(await client.SetAsync(locked, new AttributesChange { Mask = AttributeMask.Uid, Uid = 5 }));
        Assert.Equal(FileMode.Regular | FileMode.SetGid | 0x1A4u, (await client.StatAsync(locked)).Mode);
    }

    [Fact]
    public async Task A_store_that_failed_is_read_and_refuses_changes()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        silo.FailDevice();
        Assert.Equal(FsError.EIO, (await client.MakeAsync(InodeId.Root, "b", FileMode.Regular).SoonAsync()).Error);
        Assert.Equal(FsError.EROFS, (await client.MakeAsync(InodeId.Root, "b", FileMode.Regular).SoonAsync()).Error);
        Assert.Equal(FsError.EEXIST, (await client.MakeAsync(InodeId.Root, "a", FileMode.Regular).SoonAsync()).Error);
        Assert.Equal(FsError.EROFS, (await client.UnlinkAsync(InodeId.Root, "a").SoonAsync()).Error);
        Assert.Equal(FsError.EROFS, (await client.TruncateAsync(file, 1).SoonAsync()).Error);
        Assert.Equal(file, Ok(await client.LookupAsync(InodeId.Root, "a")).Attributes.Inode);
        Assert.Equal(InodeId.None, Ok(await client.LookupAsync(InodeId.Root, "b")).Attributes.Inode);
        Assert.Single(await client.ListAsync(InodeId.Root));
    }

    [Fact]
    public async Task What_was_on_its_way_when_the_store_failed_is_never_said_to_be_refused()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        await client.FileAsync(InodeId.Root, "before");
        silo.FailDevice();
        var (op, name) = (client.Op(InodeId.Root), FsName.Of("a"));
        var root = silo.Directory(InodeId.Root);
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var made = await root.MakeAsync(op, name, new(FileMode.Regular, 0, null)).SoonAsync();
            Assert.Equal((attempt, FsError.EIO), (attempt, made.Error));
        }

        Assert.Equal(FsError.EROFS, (await client.MakeAsync(InodeId.Root, "a", FileMode.Regular).SoonAsync()).Error);
    }

    [Fact]
    public async Task An_applied_answer_leaves_before_the_commit_and_others_wait_for_it()
    {
        await using var silo = await TestSilo.StartAsync();
        var (first, second) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        await first.LookupAsync(InodeId.Root, "a");
        await second.LookupAsync(InodeId.Root, "a");
        first.Ack = AckMode.Applied;
        silo.HoldDevice();
        var made = first.MakeAsync(InodeId.Root, "a", FileMode.Regular).SoonAsync();
        await made;
        var own = await first.LookupAsync(InodeId.Root, "a").SoonAsync();
        Assert.Equal(Ok(await made).Attributes.Inode, Ok(own).Attributes.Inode);
        var other = second.LookupAsync(InodeId.Root, "a").AsTask();
        Assert.False(other.IsCompleted);
        silo.LetDeviceGo();
        Assert.Equal(Ok(own).Attributes.Inode,
            Ok(await new ValueTask<FsResult<EntryReply>>(other).SoonAsync()).Attributes.Inode);
    }

    private static void SetLinks(TestSilo silo, InodeId inode)
    {
        var shard = silo.Store.Shards.Of(inode);
        var row = silo.Core.FindInode(inode)!;
        var batch = shard.Begin(default, OperationKind.AttributesSet);
        batch.Put(row with { Attributes = row.Attributes with { Nlink = Limits.LinksMax } });
        shard.Submit(batch);
    }
}
