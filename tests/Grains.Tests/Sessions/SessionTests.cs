using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;

namespace ClaudeFs.Grains.Tests.Sessions;

public class SessionTests
{
    [Fact]
    public async Task An_unknown_or_closed_session_is_told_ESTALE()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = new TestClient(silo, 11);
        Assert.Equal(FsError.ESTALE, (await client.LookupAsync(InodeId.Root, "a")).Error);
        Ok(await client.OpenAsync());
        Ok(await client.LookupAsync(InodeId.Root, "a"));
        Ok(await client.Grain.CloseAsync());
        Ok(await client.Grain.CloseAsync());
        Assert.Equal(FsError.ESTALE, (await client.LookupAsync(InodeId.Root, "a")).Error);
        Assert.Equal(0, silo.Core.MemoryOf(InodeId.Root).Leases.Count);
    }

    [Fact]
    public async Task An_id_in_use_is_refused_to_another_client()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var taken = await client.Grain.OpenAsync(
            new("someone else", false, false), silo.Grains.CreateObjectReference<ILeaseHolder>(client));
        Assert.Equal(FsError.EEXIST, taken.Error);
    }

    [Fact]
    public async Task A_grant_is_made_only_after_the_sessions_row_of_the_shard_is_logged()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var version = default(ReadVersion);
        var shard = silo.Store.Shards[default];
        Assert.Null(shard.FindSessionShard(client.Id, ref version));
        Assert.Equal(LeaseMode.Read, Ok(await client.LookupAsync(InodeId.Root, "a")).EntriesLease.Mode);
        Assert.NotNull(shard.FindSessionShard(client.Id, ref version));
        Assert.Equal(0UL, version.Sequence);
    }

    [Fact]
    public async Task What_a_client_has_said_of_an_orphan_outlives_the_silo()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        Ok(await client.UnlinkAsync(InodeId.Root, "a"));
        silo.HoldDevice();
        var said = silo.Inode(file).ForgetOrphanAsync(client.Id).AsTask();
        Assert.False(said.IsCompleted);
        silo.LetDeviceGo();
        Ok(await new ValueTask<FsResult<Nothing>>(said).SoonAsync());
        await silo.RestartAsync(isCut: true);
        Ok(await client.ReturnAsync());
        Assert.Null(silo.Core.FindInode(file));
    }

    [Fact]
    public async Task A_session_without_a_sign_of_life_ends_with_its_term_and_its_orphans_go()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        Assert.True(Ok(await client.UnlinkAsync(InodeId.Root, "a")).IsOrphan);
        Assert.Equal(0u, (await client.StatAsync(file)).Nlink);
        await Eventually.HoldsAsync(() =>
            Advance(silo) && silo.Core.Sessions.Find(client.Id) is null, "the session was over");
        await Eventually.HoldsAsync(() => silo.Core.FindInode(file) is null, "the orphan was freed");
        await Eventually.HoldsAsync(() => FindRow(silo, client) is null, "the session's row was gone");
    }

    [Fact]
    public async Task What_waited_for_others_leases_is_not_done_once_its_session_is_over()
    {
        await using var silo = await TestSilo.StartAsync();
        var (client, other) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        await client.FileAsync(InodeId.Root, "a");
        Ok(await other.LookupAsync(InodeId.Root, "a"));
        var answer = new TaskCompletionSource<LeaseReturn>();
        other.OnRecall = _ => new(answer.Task);
        var unlinked = client.UnlinkAsync(InodeId.Root, "a").AsTask();
        var made = client.MakeAsync(InodeId.Root, "b", Primitives.FileMode.Regular | 0x1A4).AsTask();
        Assert.False(unlinked.IsCompleted || made.IsCompleted);
        Ok(await client.Grain.CloseAsync());
        answer.SetResult(default);
        Assert.Equal(FsError.ESTALE, (await new ValueTask<FsResult<RemovedReply>>(unlinked).SoonAsync()).Error);
        Assert.Equal(FsError.ESTALE, (await new ValueTask<FsResult<EntryReply>>(made).SoonAsync()).Error);
        Assert.False(Ok(await other.LookupAsync(InodeId.Root, "a")).Attributes.Inode.IsNone);
        Assert.True(Ok(await other.LookupAsync(InodeId.Root, "b")).Attributes.Inode.IsNone);
    }

    [Fact]
    public async Task Keepalives_keep_a_session_beyond_its_term()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        for (var i = 0; i < 10; i++)
        {
            silo.Time.Advance(new GrainOptions().SessionTerm * 0.8);
            Ok(await client.Grain.KeepAliveAsync(0).SoonAsync());
        }

        Ok(await client.LookupAsync(InodeId.Root, "a"));
    }

    [Fact]
    public async Task After_a_restart_nothing_that_conflicts_is_done_until_the_absent_session_is_back()
    {
        await using var silo = await TestSilo.StartAsync();
        var absent = await TestClient.OpenAsync(silo, 11);
        var file = await absent.FileAsync(InodeId.Root, "a");
        await silo.RestartAsync(isCut: true);
        var other = await TestClient.OpenAsync(silo, 12);
        Assert.Equal(LeaseMode.None, Ok(await other.LookupAsync(InodeId.Root, "a")).InodeLease.Mode);
        var wish = other.TruncateAsync(file, 7).AsTask();
        Assert.False(wish.IsCompleted);
        Ok(await absent.OpenAsync(isReturning: true));
        Assert.Equal(FsError.ESTALE, (await absent.LookupAsync(InodeId.Root, "a")).Error);
        Assert.Equal(FsError.ESTALE, (await absent.Grain.KeepAliveAsync(0)).Error);
        Assert.Equal(LeaseMode.Write, Ok(await absent.LeaseAsync(file, LeaseMode.Write)).Lease.Mode);
        Assert.False(wish.IsCompleted);
        Ok(await absent.Grain.SettleAsync());
        Ok(await new ValueTask<FsResult<AttributesReply>>(wish).SoonAsync());
        Assert.Equal(RecallCause.DataChange, Assert.Single(absent.Recalls).Cause);
        Ok(await absent.Grain.KeepAliveAsync(0));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_copy_of_the_opening_that_comes_late_takes_nothing_away(bool isReturning)
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        Ok(await client.LeaseAsync(file, LeaseMode.Write));
        Assert.Equal(FsError.EEXIST, (await client.OpenAsync(isReturning: isReturning)).Error);
        Assert.Equal(LeaseMode.Write, silo.Core.MemoryOf(file).Leases.Find(file, client.Id).Mode);
        Ok(await client.Grain.KeepAliveAsync(0));
    }

    [Fact]
    public async Task Two_sessions_that_come_back_do_not_wait_for_each_other()
    {
        await using var silo = await TestSilo.StartAsync();
        var (first, second) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var (one, two) = (await first.FileAsync(InodeId.Root, "a"), await second.FileAsync(InodeId.Root, "b"));
        await silo.RestartAsync(isCut: true);
        Ok(await first.OpenAsync(isReturning: true));
        Ok(await first.LeaseAsync(one, LeaseMode.Write).SoonAsync());
        Ok(await second.OpenAsync(isReturning: true));
        Ok(await second.LeaseAsync(two, LeaseMode.Write).SoonAsync());
        Ok(await first.Grain.SettleAsync());
        Ok(await second.Grain.SettleAsync());
        Assert.Equal(2, silo.Core.MemoryOf(one).Leases.Count);
    }

    [Fact]
    public async Task A_session_that_is_over_does_not_come_back()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        Ok(await client.Grain.CloseAsync());
        Assert.Equal(FsError.ESTALE, (await client.OpenAsync(isReturning: true)).Error);
    }

    [Fact]
    public async Task After_a_restart_an_absent_session_is_waited_for_until_its_term_is_over()
    {
        await using var silo = await TestSilo.StartAsync();
        var absent = await TestClient.OpenAsync(silo, 11);
        var file = await absent.FileAsync(InodeId.Root, "a");
        await silo.RestartAsync();
        var other = await TestClient.OpenAsync(silo, 12);
        var start = silo.Time.GetTimestamp();
        var wish = other.TruncateAsync(file, 7).AsTask();
        await Eventually.HoldsAsync(() => Advance(silo, other) && wish.IsCompleted, "the change was made");
        Ok(await wish);
        Assert.True(silo.Time.GetElapsedTime(start) >= new GrainOptions().SessionTerm * 0.9);
        Assert.Equal(FsError.ESTALE, (await absent.LookupAsync(InodeId.Root, "a")).Error);
    }

    [Fact]
    public async Task An_embedded_session_is_gone_with_its_process_and_so_are_its_orphans()
    {
        await using var silo = await TestSilo.StartAsync();
        var embedded = await TestClient.OpenAsync(silo, 11, isEmbedded: true);
        var file = await embedded.FileAsync(InodeId.Root, "a");
        Ok(await embedded.UnlinkAsync(InodeId.Root, "a"));
        await silo.RestartAsync(isCut: true);
        var other = await TestClient.OpenAsync(silo, 12);
        Ok(await other.MakeAsync(InodeId.Root, "b", Primitives.FileMode.Regular).SoonAsync());
        await Eventually.HoldsAsync(() => silo.Core.FindInode(file) is null, "the orphan was freed");
        Assert.Null(FindRow(silo, embedded));
    }

    [Fact]
    public async Task An_orphan_lives_until_all_who_have_it_open_have_closed_it()
    {
        await using var silo = await TestSilo.StartAsync();
        var (first, second) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var file = await first.FileAsync(InodeId.Root, "a");
        second.OnRecall = static _ => new(new LeaseReturn(LeaseMode.None, IsOpen: true));
        first.OnRecall = static _ => new(new LeaseReturn(LeaseMode.None, IsOpen: true));
        Ok(await second.LeaseAsync(file, LeaseMode.Read).SoonAsync());
        Ok(await first.UnlinkAsync(InodeId.Root, "a").SoonAsync());
        Assert.Contains(second.Recalls, recall => recall.Cause == RecallCause.LastUnlink);
        Ok(await first.WriteAsync(file, new(new byte[5], [], 5, default, false, 0)).SoonAsync());
        Ok(await silo.Inode(file).ForgetOrphanAsync(first.Id).SoonAsync());
        Assert.Equal(5UL, (await second.StatAsync(file)).SizeBytes);
        Ok(await silo.Inode(file).ForgetOrphanAsync(second.Id).SoonAsync());
        Ok(await silo.Inode(file).ForgetOrphanAsync(second.Id).SoonAsync());
        Assert.Equal(FsError.ESTALE, (await silo.Inode(file).GetAttributesAsync(second.Id)).Error);
    }

    private static SessionRow? FindRow(TestSilo silo, TestClient client)
    {
        var version = default(ReadVersion);
        return silo.Store.Shards[default].FindSession(client.Id, ref version);
    }

    private static bool Advance(TestSilo silo, TestClient? alive = null)
    {
        if (alive is not null) silo.Core.Sessions.Find(alive.Id)?.NoteSeen(silo.Time.GetTimestamp());
        silo.Time.Advance(TimeSpan.FromSeconds(3));
        return true;
    }
}
