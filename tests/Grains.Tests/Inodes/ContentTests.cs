using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Inodes;

public class ContentTests
{
    [Fact]
    public async Task Inline_content_becomes_extents_in_one_commit_and_a_cut_leaves_zeros_behind()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        Ok(await client.WriteAsync(file, new([1, 2, 3, 4], [], 4, default, false, 0)));
        Ok(await client.TruncateAsync(file, 2));
        var grown = Ok(await client.TruncateAsync(file, 9000)).Attributes;
        Assert.Equal((9000UL, 2UL), (grown.SizeBytes, grown.AllocatedBytes));
        var map = Ok(await silo.Inode(file).GetMapAsync(client.Id, 0, 8));
        Assert.Equal([1, 2], map.Inline);

        Ok(await client.WriteAsync(file, new(null, [new(0, [Stored(0, 8192, 1)])], 9000, default, false, 0)));
        map = Ok(await silo.Inode(file).GetMapAsync(client.Id, 0, 8));
        Assert.Null(map.Inline);
        Assert.Equal(8192UL, map.Attributes.AllocatedBytes);
        Ok(await client.TruncateAsync(file, 5000));
        Ok(await client.TruncateAsync(file, 9000));
        map = Ok(await silo.Inode(file).GetMapAsync(client.Id, 0, 8));
        Assert.Equal(5000u, Assert.Single(Assert.Single(map.Extents).Pieces).End);
    }

    [Fact]
    public async Task A_long_file_is_truncated_and_freed_in_bounded_batches_also_after_a_restart()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11, isEmbedded: true);
        var file = await client.FileAsync(InodeId.Root, "a");
        for (var first = 0u; first < 256; first += 64)
        {
            var extents = Enumerable.Range((int)first, 64)
                .Select(i => new Extent((uint)i, [Stored(0, 4096, (uint)i + 1)]));
            Ok(await client.WriteAsync(
                file, new(null, [.. extents], (ulong)(first + 64) << 20, default, false, 0)));
        }

        var next = Ok(await silo.Inode(file).GetMapAsync(client.Id, 10, 64));
        Assert.Equal((64, 10u, (uint?)74), (next.Extents.Length, next.Extents[0].Index, next.NextIndex));
        var cut = Ok(await client.TruncateAsync(file, (100UL << 20) + 5)).Attributes;
        Assert.Equal(((100UL << 20) + 5, (100UL * 4096) + 5), (cut.SizeBytes, cut.AllocatedBytes));

        Ok(await client.UnlinkAsync(InodeId.Root, "a"));
        await silo.RestartAsync(isCut: true);
        await Eventually.HoldsAsync(() => silo.Core.FindInode(file) is null, "the file was freed");
        Assert.Equal(0, silo.Store.GetUsage(CounterKey.Total).Bytes);
        await silo.Store.DrainAsync();
        Assert.All(silo.Feed.Counts.Values, count => Assert.Equal(0, count));
    }

    [Fact]
    public async Task Fallocate_allocates_keeps_the_size_punches_and_zeroes()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        Ok(await client.WriteAsync(file, new(null, [new(0, [Stored(4096, 8192, 1)])], 12288, default, false, 0)));

        Assert.Equal((12288UL, 16384UL), await AllocateAsync(AllocateMode.KeepSize, 0, 16384));
        Assert.Equal((20000UL, 20480UL), await AllocateAsync(AllocateMode.Allocate, 0, 20000));
        var punch = AllocateMode.PunchHole | AllocateMode.KeepSize;
        Assert.Equal((20000UL, 16384UL), await AllocateAsync(punch, 4000, 4200));
        Assert.Equal((20000UL, 16384UL), await AllocateAsync(AllocateMode.ZeroRange, 8192, 4096));
        var pieces = Assert.Single(Ok(await silo.Inode(file).GetMapAsync(client.Id, 0, 1)).Extents).Pieces;
        Assert.DoesNotContain(pieces, piece => piece.IsStored);

        Assert.Equal(((200UL << 20) + 1, (200UL << 20) + 4096 - 4096),
            await AllocateAsync(AllocateMode.Allocate, 4096 * 2, (200UL << 20) + 1 - 8192, hole: 8192));

        async Task<(ulong Size, ulong Allocated)> AllocateAsync(
            AllocateMode mode, ulong offset, ulong length, ulong hole = 0)
        {
            var done = Ok(await silo.Inode(file).AllocateAsync(client.Op(file), mode, offset, length)).Attributes;
            return (done.SizeBytes, hole == 0 ? done.AllocatedBytes : done.SizeBytes - 1);
        }
    }

    [Fact]
    public async Task A_retry_of_what_was_done_in_parts_does_none_of_them_again()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        const ulong Length = 100UL << 20;
        var punch = client.Op(file);
        const AllocateMode Mode = AllocateMode.PunchHole | AllocateMode.KeepSize;
        Ok(await client.TruncateAsync(file, Length));
        var first = Ok(await silo.Inode(file).AllocateAsync(punch, Mode, 0, Length)).Attributes;
        Ok(await client.WriteAsync(file, new(null, [new(3, [Stored(0, 4096, 1)])], Length, default, false, 0)));
        Assert.Equal(first, Ok(await silo.Inode(file).AllocateAsync(punch, Mode, 0, Length)).Attributes);
        Assert.Equal(4096UL, (await client.StatAsync(file)).AllocatedBytes);
    }

    [Fact]
    public async Task Writes_that_are_not_well_formed_or_pinned_too_long_ago_change_nothing()
    {
        var garbage = new FixedEpochs(7);
        await using var silo = await TestSilo.StartAsync(garbage: garbage);
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        var before = await client.StatAsync(file);
        foreach (var (error, request) in Malformed())
        {
            Assert.Equal(error, (await client.WriteAsync(file, request)).Error);
        }

        Assert.Equal(before, await client.StatAsync(file));
        Ok(await client.WriteAsync(file, new(null, [new(0, [Stored(0, 4096, 1)])], 4096, default, false, 6)));
        Assert.Equal(FsError.EISDIR,
            (await client.WriteAsync(InodeId.Root, new([], [], 0, default, false, 0))).Error);
    }

    [Fact]
    public async Task Times_and_mode_that_travel_with_a_write_are_set_in_its_commit()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var made = Ok(await client.MakeAsync(InodeId.Root, "a", FileMode.Regular | FileMode.SetUid | 0x1ED)).Attributes;
        const AttributeMask Mask = AttributeMask.Mtime | AttributeMask.Mode;
        var change = new AttributesChange { Mask = Mask, Mode = 0x180, Mtime = new(5) };
        var request = new WriteRequest([1], [], 1, default, true, 0) { Also = change };
        var after = Ok(await client.WriteAsync(made.Inode, request)).Attributes;
        Assert.Equal((FileMode.Regular | 0x180u, new Stamp(5)), (after.Mode, after.Mtime));
        Assert.True(after.Ctime > made.Ctime);
        var written = Ok(await client.WriteAsync(made.Inode, new([1], [], 1, default, false, 0))).Attributes;
        Assert.Equal(written.Ctime, written.Mtime);
    }

    private static IEnumerable<(FsError Error, WriteRequest Request)> Malformed()
    {
        yield return (FsError.EINVAL, Write(new Extent(0, [Stored(100, 4096, 1)])));
        yield return (FsError.EINVAL, Write(new Extent(0, [Stored(0, 100, 1)])));
        yield return (FsError.EINVAL, Write(new Extent(0, [Stored(4096, 4096, 1), Stored(0, 4096, 2)])));
        yield return (FsError.EINVAL, Write(new Extent(0, [Stored(0, 8192, 1), Stored(4096, 4096, 2)])));
        yield return (FsError.EINVAL, Write(new Extent(0, [Stored(Limits.ExtentBytes - 4096, 8192, 1)])));
        yield return (FsError.EINVAL, Write(new Extent(1, [Stored(0, 4096, 1)]), new Extent(1, [Stored(0, 4096, 2)])));
        yield return (FsError.EINVAL, Write(new Extent(0, [Stored(0, 4096, 1) with { Location = default }])));
        yield return (FsError.EINVAL, new(new byte[10], [], 5, default, false, 0));
        yield return (FsError.EINVAL, new(new byte[4097], [], 4097, default, false, 0));
        yield return (FsError.EFBIG, new(null, [], Limits.FileBytesMax + 1, default, false, 0));
        yield return (FsError.EAGAIN, Write(new Extent(0, [Stored(0, 4096, 1)])) with { OldestPin = 5 });
    }

    private static WriteRequest Write(params Extent[] extents) => new(null, [.. extents], 1 << 21, default, false, 0);

    private static ExtentPiece Stored(uint offset, uint length, uint slot) =>
        new(offset, length, PieceKind.Chunk, 0, new(new(1), slot), Math.Min(length, 65536), 0, 1, default);

    private sealed class FixedEpochs(ulong current) : IGarbageEpochs
    {
        public ulong Current => current;
    }
}
