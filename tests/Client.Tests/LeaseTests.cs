using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit;

namespace ClaudeFs.Client.Tests;

public sealed class LeaseTests : IAsyncDisposable
{
    private readonly ClientFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task What_one_client_wrote_another_reads_at_once()
    {
        var (writer, reader) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var file = await writer.CreateAsync("shared");
        for (var round = 1; round < 20; round++)
        {
            var bytes = ClientCalls.Pattern(round * 1000, round);
            await writer.WriteAsync(file, 0, bytes);
            var opened = await reader.OpenAsync("shared");
            Assert.Equal(bytes, await reader.ReadAsync(opened, 0, 100_000));
            Assert.Equal((ulong)bytes.Length, (await reader.StatAsync(opened.Inode)).SizeBytes);
            await reader.CloseAsync(opened);
        }

        Assert.True(writer.Statistics.Recalls > 10);
    }

    [Fact]
    public async Task A_recall_flushes_what_is_dirty_and_drops_what_the_kernel_holds()
    {
        var (holder, other) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var sink = new RecordingSink();
        holder.InvalidationSink = sink;
        var file = await holder.CreateAsync("held");
        await holder.WriteAsync(file, 0, [1, 2, 3]);
        var opened = await other.OpenAsync("held");
        await other.WriteAsync(opened, 3, [4]);
        Assert.Contains(file.Inode, sink.Inodes);
        Assert.Equal([1, 2, 3, 4], await holder.ReadAsync(file, 0, 10));
        Assert.Equal([1, 2, 3], _fixture.Cluster.Writes[0].Inline!);
    }

    [Fact]
    public async Task Writes_that_the_kernel_sends_while_it_invalidates_are_flushed_too()
    {
        var (holder, other) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var file = await holder.CreateAsync("mapped");
        await holder.WriteAsync(file, 0, [1]);
        holder.InvalidationSink = new RecordingSink
        {
            OnInode = async _ => await holder.WriteAsync(file, 1, [2]),
        };
        var opened = await other.OpenAsync("mapped");
        await other.WriteAsync(opened, 2, [3]);
        Assert.Equal([1, 2, 3], await other.ReadAsync(opened, 0, 10));
    }

    [Fact]
    public async Task A_name_made_by_another_client_is_seen_although_its_absence_was_cached()
    {
        var (first, second) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var sink = new RecordingSink();
        first.InvalidationSink = sink;
        Assert.True((await first.FindAsync("late")).Attributes.Inode.IsNone);
        var asked = _fixture.Cluster.CallsOf("Lookup");
        Assert.True((await first.FindAsync("late")).Attributes.Inode.IsNone);
        Assert.Equal(asked, _fixture.Cluster.CallsOf("Lookup"));
        var made = await second.CreateAsync("late");
        Assert.Equal(made.Inode, (await first.FindAsync("late")).Attributes.Inode);
        Assert.Contains(FsName.Of("late"), sink.Names);
    }

    [Fact]
    public async Task A_forgotten_inode_is_dropped_at_the_front_end_before_its_lease_goes_back()
    {
        var client = await _fixture.StartAsync();
        var sink = new RecordingSink();
        client.InvalidationSink = sink;
        var file = await client.CreateAsync("forgotten");
        await client.CloseAsync(file);
        await client.FindAsync("forgotten");

        // The word of an older forgetting, which the lookup has overtaken: the kernel has the inode.
        client.Forget(file.Inode);
        await ClientFixture.UntilAsync(() => _fixture.Cluster.CallsOf("ReleaseLease") > 0, "the lease goes back");
        Assert.Contains(file.Inode, sink.Inodes);
    }

    [Fact]
    public async Task A_kernel_that_cannot_drop_a_name_yet_does_not_hold_up_the_recall()
    {
        var (first, second) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var isLocked = new TaskCompletionSource();
        first.InvalidationSink = new RecordingSink { OnName = _ => isLocked.Task };
        await first.FindAsync("contended");
        var made = await second.CreateAsync("contended");
        isLocked.SetResult();
        Assert.Equal(made.Inode, (await first.FindAsync("contended")).Attributes.Inode);
    }

    [Fact]
    public async Task A_late_recall_of_an_older_grant_is_answered_at_once_and_takes_nothing()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("newer");
        await client.WriteAsync(file, 0, [1]);
        var holder = _fixture.Cluster.HolderOf(client.Session);
        var answer = await holder.RecallAsync(
            new LeaseRecall(file.Inode, 0, LeaseMode.None, RecallCause.Lease, default));
        Assert.Equal(new LeaseReturn(LeaseMode.None, true), answer);
        await client.WriteAsync(file, 1, [2]);
        Assert.Equal(0, _fixture.Cluster.CallsOf("Write"));
    }

    [Fact]
    public async Task A_grant_that_its_recall_overtook_is_not_believed()
    {
        var client = await _fixture.StartAsync();
        var other = await _fixture.StartAsync();
        var file = await other.CreateAsync("overtaken");
        await other.CloseAsync(file);
        var holder = _fixture.Cluster.HolderOf(client.Session);
        await holder.RecallAsync(new LeaseRecall(file.Inode, 1_000_000, LeaseMode.None, RecallCause.Lease, default));
        var found = await client.FindAsync("overtaken");
        Assert.Equal((file.Inode, TimeSpan.Zero), (found.Attributes.Inode, found.AttributesTtl));
    }

    [Fact]
    public async Task A_new_owner_takes_the_set_id_bits_from_a_mode_that_still_waits()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("file");
        await SetAsync(client, file.Inode, new(AttributeMask.Mode, 0x5ED, 0, 0, 0, default, default, default));  // 2755
        await SetAsync(client, file.Inode, new(AttributeMask.Uid, 0, 1000, 0, 0, default, default, default));
        Assert.Equal(0x1EDu, (await client.StatAsync(file.Inode)).Mode & FileMode.PermissionMask);
    }

    [Fact]
    public async Task What_tar_sets_after_it_wrote_goes_with_the_write()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("tarred");
        await client.WriteAsync(file, 0, [1, 2, 3]);
        var now = await client.StatAsync(file.Inode);
        var past = new Stamp(1_000_000_000_000_000_000);
        const AttributeMask owner = AttributeMask.Uid | AttributeMask.Gid | AttributeMask.KillPrivileges;
        await SetAsync(client, file.Inode, new(owner, 0, now.Uid, now.Gid, 0, default, default, default));
        await SetAsync(client, file.Inode, new(AttributeMask.Mode, 0x1FF, 0, 0, 0, default, default, default));
        const AttributeMask times = AttributeMask.Atime | AttributeMask.Mtime;
        await SetAsync(client, file.Inode, new(times, 0, 0, 0, 0, past, past, default));
        var seen = await client.StatAsync(file.Inode);
        Assert.Equal((past, FileMode.Regular | 0x1FFu), (seen.Mtime, seen.Mode));
        await client.CloseAsync(file);
        Assert.Equal(FileMode.Regular | 0x1FFu, _fixture.Cluster.Inode(file.Inode).Attributes.Mode);
        Assert.Equal((1, 0), (_fixture.Cluster.CallsOf("Write"), _fixture.Cluster.CallsOf("SetAttributes")));
        Assert.Equal(past, _fixture.Cluster.Inode(file.Inode).Attributes.Mtime);
        Assert.Equal(past, (await client.StatAsync(file.Inode)).Mtime);
    }

    [Fact]
    public async Task The_mode_of_a_closed_file_is_committed_at_once()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("closed");
        await client.CloseAsync(file);
        await SetAsync(client, file.Inode, new(AttributeMask.Mode, 0x180, 0, 0, 0, default, default, default));
        Assert.Equal(FileMode.Regular | 0x180u, _fixture.Cluster.Inode(file.Inode).Attributes.Mode);
    }

    [Fact]
    public async Task Times_never_go_back_for_who_writes()
    {
        var client = await _fixture.StartAsync();
        var file = await client.CreateAsync("times");
        var last = (await client.StatAsync(file.Inode)).Mtime;
        for (var i = 0; i < 50; i++)
        {
            await client.WriteAsync(file, i, [1]);
            if (i % 7 == 0) (await client.SyncAsync(file.Inode, dataOnly: true, CancellationToken.None)).Ok();
            var mtime = (await client.StatAsync(file.Inode)).Mtime;
            Assert.True(mtime > last, $"{mtime} after {last}");
            last = mtime;
        }
    }

    [Fact]
    public async Task Hits_are_answered_at_once_and_allocate_nothing()
    {
        // No flush comes in between: the next write would begin a new chunk.
        var client = await _fixture.StartAsync(new() { IsEmbedded = true, DirtyAgeMax = TimeSpan.FromHours(1) });
        var file = await client.CreateAsync("hit");
        await client.WriteAsync(file, 0, new byte[100]);
        var (name, absent) = (FsName.Of("hit"), FsName.Of("absent"));
        await client.FindAsync("absent");
        var buffer = new byte[100];
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                AtOnce(client.LookupAsync(InodeId.Root, name, CancellationToken.None));
                AtOnce(client.LookupAsync(InodeId.Root, absent, CancellationToken.None));
                AtOnce(client.GetAttributesAsync(file.Inode, CancellationToken.None));
                AtOnce(client.ReadAsync(file.Inode, file.Handle, 0, buffer, CancellationToken.None));
                AtOnce(client.WriteAsync(
                    file.Inode, file.Handle, 0, buffer, false, Caller.Root, CancellationToken.None));
            }
        }));
        (await client.LookupAsync(InodeId.Root, name, CancellationToken.None)).Ok();
        Assert.Equal(buffer, await client.ReadAsync(file, 0, buffer.Length));

        static void AtOnce<T>(ValueTask<FsResult<T>> call)
        {
            if (!call.IsCompletedSuccessfully) throw new InvalidOperationException("Not at once");
        }
    }

    [Fact]
    public async Task Listings_fill_the_caches_and_are_complete()
    {
        var client = await _fixture.StartAsync();
        var names = Enumerable.Range(0, 1500).Select(static i => $"entry-{i}").ToHashSet();
        foreach (var name in names) await client.CloseAsync(await client.CreateAsync(name));
        await client.DisposeAsync();

        var reader = await _fixture.StartAsync();
        var listing = (await reader.OpenDirectoryAsync(InodeId.Root, CancellationToken.None)).Ok().Handle;
        var seen = new List<string>();
        for (var cookie = 0UL; ;)
        {
            var page = (await reader.ReadDirectoryAsync(
                InodeId.Root, listing, cookie, true, CancellationToken.None)).Ok();
            if (page.IsEmpty) break;
            var taken = page[..Math.Min(100, page.Length)].ToArray();
            seen.AddRange(taken.Select(static entry => System.Text.Encoding.UTF8.GetString(entry.Name.Span)));
            cookie = taken[^1].Cookie;
        }

        reader.ReleaseDirectory(InodeId.Root, listing);
        Assert.Equal([".", ".."], seen[..2]);
        Assert.Equal(names, seen[2..].ToHashSet());
        Assert.Equal(names.Count, seen.Count - 2);
        Assert.True((await reader.FindAsync("entry-7")).AttributesTtl > TimeSpan.Zero);
        Assert.Equal(0, _fixture.Cluster.CallsOf("Lookup"));
    }

    [Fact]
    public async Task Inodes_beyond_the_bound_are_given_back()
    {
        var options = new ClientOptions { IsEmbedded = true, LeasesMax = 64, EntriesMax = 64 };
        var client = await _fixture.StartAsync(options);
        for (var i = 0; i < 300; i++) await client.CloseAsync(await client.CreateAsync($"bound-{i}"));
        await ClientFixture.UntilAsync(() => client.Statistics.KnownInodes <= 64, "the table within its bound");
        Assert.True(_fixture.Cluster.CallsOf("ReleaseLease") > 100);
        Assert.True(client.Statistics.KnownEntries <= 64);
        Assert.False((await client.FindAsync("bound-0")).Attributes.Inode.IsNone);
    }

    private static async Task SetAsync(FileSystemClient client, InodeId inode, AttributesChange change) =>
        (await client.SetAttributesAsync(inode, change, Caller.Root, CancellationToken.None)).Ok();
}
