using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Leases;

public class RecallTests
{
    private static readonly GrainOptions Options = new();

    [Fact]
    public async Task Make_recalls_the_read_lease_of_another_session_on_the_directory()
    {
        await using var silo = await TestSilo.StartAsync();
        var (first, second) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var seen = Ok(await second.LookupAsync(InodeId.Root, "a"));
        Assert.Equal(LeaseMode.Read, seen.EntriesLease.Mode);
        Ok(await first.MakeAsync(InodeId.Root, "a", FileMode.Regular | 0x1A4).SoonAsync());
        Assert.True(second.Recalls.TryDequeue(out var recall));
        Assert.Equal((InodeId.Root, seen.EntriesLease.Number, RecallCause.EntriesChange, "a"),
            (recall.Inode, recall.Number, recall.Cause, recall.Name.ToString()));
    }

    // The word that a session has an inode no longer open may arrive after it was granted a lease again.
    [Fact]
    public async Task Lease_on_an_inode_with_a_name_outlives_the_word_that_it_is_not_open_any_more()
    {
        await using var silo = await TestSilo.StartAsync();
        var (first, second) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var file = await first.FileAsync(InodeId.Root, "a");
        var held = Ok(await second.LeaseAsync(file, LeaseMode.Read).SoonAsync());
        Ok(await silo.Inode(file).ForgetOrphanAsync(second.Id).SoonAsync());
        Assert.Equal(held.Lease.Number, silo.Core.MemoryOf(file).Leases.Find(file, second.Id).Number);
        Ok(await first.LeaseAsync(file, LeaseMode.Write).SoonAsync());
        Assert.Contains(second.Recalls, recall => recall.Inode == file && recall.Number == held.Lease.Number);
    }

    [Fact]
    public async Task A_writer_is_recalled_down_to_read_and_what_it_flushes_meanwhile_is_seen()
    {
        await using var silo = await TestSilo.StartAsync();
        var (writer, reader) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var file = await writer.FileAsync(InodeId.Root, "a");
        writer.OnRecall = async recall =>
        {
            // The holder's own operations on the inode go ahead while it is being recalled.
            if (recall.Inode == file) Ok(await writer.WriteAsync(file, new(new byte[100], [], 100, default, false, 0)));
            return new(recall.KeepAtMost, IsOpen: true);
        };
        var read = Ok(await reader.LeaseAsync(file, LeaseMode.Read).SoonAsync());
        Assert.Equal((100UL, LeaseMode.Read), (read.Attributes.SizeBytes, read.Lease.Mode));
        Assert.Equal(LeaseMode.Read, Assert.Single(writer.Recalls).KeepAtMost);
        Assert.Equal(LeaseMode.Read, silo.Core.MemoryOf(file).Leases.Find(file, writer.Id).Mode);
    }

    [Fact]
    public async Task Others_wait_while_a_writer_flushes_and_the_recalled_lease_is_not_granted_again()
    {
        await using var silo = await TestSilo.StartAsync();
        var clients = new List<TestClient>();
        for (var i = 11UL; i < 14; i++) clients.Add(await TestClient.OpenAsync(silo, i));
        var file = await clients[0].FileAsync(InodeId.Root, "a");
        var flushed = new TaskCompletionSource();
        clients[0].OnRecall = async _ =>
        {
            await flushed.Task;
            return default;
        };
        var second = clients[1].TruncateAsync(file, 5).AsTask();
        var third = clients[2].TruncateAsync(file, 6).AsTask();
        Assert.Equal(LeaseMode.None, Ok(await silo.Inode(file).GetAttributesAsync(clients[2].Id)).Lease.Mode);
        Assert.False(second.IsCompleted || third.IsCompleted);
        Ok(await clients[0].WriteAsync(file, new(new byte[9], [], 9, default, false, 0)).SoonAsync());
        flushed.SetResult();
        Ok(await new ValueTask<FsResult<AttributesReply>>(second).SoonAsync());
        Assert.Equal(6UL, Ok(await new ValueTask<FsResult<AttributesReply>>(third).SoonAsync()).Attributes.SizeBytes);
        Assert.Single(clients[0].Recalls);
    }

    [Fact]
    public async Task Two_readers_that_both_want_to_write_both_get_it_one_after_the_other()
    {
        await using var silo = await TestSilo.StartAsync();
        var (first, second) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var file = await first.FileAsync(InodeId.Root, "a");
        Ok(await second.LeaseAsync(file, LeaseMode.Read).SoonAsync());
        Ok(await first.LeaseAsync(file, LeaseMode.Read).SoonAsync());
        var both = await Task.WhenAll(first.LeaseAsync(file, LeaseMode.Write).SoonAsync(),
            second.LeaseAsync(file, LeaseMode.Write).SoonAsync());
        Assert.All(both, reply => Assert.Equal(LeaseMode.Write, Ok(reply).Lease.Mode));
        var leases = silo.Core.MemoryOf(file).Leases;
        Assert.Single(new[] { first, second }, client => leases.Find(file, client.Id).Mode == LeaseMode.Write);
    }

    [Fact]
    public async Task An_own_operation_never_recalls_an_own_lease()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        Ok(await client.TruncateAsync(file, 5));
        Ok(await client.RenameAsync(InodeId.Root, "a", InodeId.Root, "b"));
        Ok(await client.UnlinkAsync(InodeId.Root, "b"));
        Assert.Empty(client.Recalls);
    }

    [Fact]
    public async Task A_late_return_of_an_older_grant_leaves_the_newer_one()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 11);
        var file = await client.FileAsync(InodeId.Root, "a");
        var older = Ok(await client.LeaseAsync(file, LeaseMode.Read)).Lease.Number;
        var newer = Ok(await client.LeaseAsync(file, LeaseMode.Write)).Lease.Number;
        Assert.True(newer > older);
        await silo.Inode(file).ReleaseLeaseAsync(client.Id, older, false);
        Assert.Equal(LeaseMode.Write, silo.Core.MemoryOf(file).Leases.Find(file, client.Id).Mode);
        await silo.Inode(file).ReleaseLeaseAsync(client.Id, newer, false);
        Assert.Equal(LeaseMode.None, silo.Core.MemoryOf(file).Leases.Find(file, client.Id).Mode);
    }

    [Fact]
    public async Task A_silent_holder_is_evicted_and_its_lease_goes_on_only_after_its_term()
    {
        await using var silo = await TestSilo.StartAsync();
        var (silent, other) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var file = await silent.FileAsync(InodeId.Root, "a");
        silent.OnRecall = static _ => new(new TaskCompletionSource<LeaseReturn>().Task);
        var start = silo.Time.GetTimestamp();
        var wish = other.LeaseAsync(file, LeaseMode.Write).AsTask();
        await Eventually.HoldsAsync(() => !silent.Recalls.IsEmpty, "the recall came");
        await Eventually.HoldsAsync(() =>
            Advance(silo, TimeSpan.FromSeconds(1)) && !IsAlive(silo, silent), "it was evicted");
        Assert.Equal(FsError.ESTALE, (await silent.Grain.KeepAliveAsync(0)).Error);
        Assert.Equal(FsError.ESTALE, (await silent.TruncateAsync(file, 1)).Error);
        Assert.False(wish.IsCompleted);
        await Eventually.HoldsAsync(() =>
            Advance(silo, TimeSpan.FromSeconds(1)) && wish.IsCompleted, "the lease was granted");
        Assert.Equal(LeaseMode.Write, Ok(await wish).Lease.Mode);
        Assert.True(silo.Time.GetElapsedTime(start) >= Options.SessionTerm);
    }

    [Fact]
    public async Task A_holder_in_the_silos_process_is_waited_for()
    {
        await using var silo = await TestSilo.StartAsync();
        var (embedded, other) = (
            await TestClient.OpenAsync(silo, 11, isEmbedded: true), await TestClient.OpenAsync(silo, 12));
        var file = await embedded.FileAsync(InodeId.Root, "a");
        var answer = new TaskCompletionSource<LeaseReturn>();
        embedded.OnRecall = _ => new(answer.Task);
        var wish = other.LeaseAsync(file, LeaseMode.Write).AsTask();
        await Eventually.HoldsAsync(() => !embedded.Recalls.IsEmpty, "the recall came");
        var start = silo.Time.GetTimestamp();
        await Eventually.HoldsAsync(() => Advance(silo, TimeSpan.FromSeconds(0.1))
            && silo.Time.GetElapsedTime(start) > Options.RecallSilence * 3, "three times the silence");
        Assert.True(IsAlive(silo, embedded));
        Assert.False(wish.IsCompleted);
        answer.SetResult(default);
        Assert.Equal(LeaseMode.Write, Ok(await wish.WaitAsync(TimeSpan.FromSeconds(30))).Lease.Mode);
    }

    [Fact]
    public async Task A_holder_that_makes_progress_is_not_evicted()
    {
        await using var silo = await TestSilo.StartAsync();
        var (slow, other) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var file = await slow.FileAsync(InodeId.Root, "a");
        var flushed = new TaskCompletionSource();
        slow.OnRecall = async _ =>
        {
            await flushed.Task;
            return default;
        };
        var wish = other.LeaseAsync(file, LeaseMode.Write).AsTask();
        for (var i = 0; i < 8; i++)
        {
            Ok(await slow.WriteAsync(file, new(new byte[i + 1], [], (ulong)i + 1, default, false, 0)).SoonAsync());
            Ok(await slow.Grain.KeepAliveAsync(0));
            Ok(await other.Grain.KeepAliveAsync(0));
            silo.Time.Advance(Options.RecallSilence / 2);
        }

        Assert.True(IsAlive(silo, slow));
        flushed.SetResult();
        Assert.Equal(8UL, Ok(await new ValueTask<FsResult<AttributesReply>>(wish).SoonAsync()).Attributes.SizeBytes);
    }

    [Fact]
    public async Task A_recall_that_fails_is_repeated()
    {
        await using var silo = await TestSilo.StartAsync();
        var (holder, other) = (await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12));
        var file = await holder.FileAsync(InodeId.Root, "a");
        holder.OnRecall = _ => holder.Recalls.Count < 3 ? throw new IOException("no connection") : default;
        var wish = other.LeaseAsync(file, LeaseMode.Write).AsTask();
        await Eventually.HoldsAsync(() =>
            Advance(silo, Options.RecallRetry) && wish.IsCompleted, "the third recall was answered");
        Assert.Equal(3, holder.Recalls.Count);
        Assert.True(IsAlive(silo, holder));
    }

    private static bool IsAlive(TestSilo silo, TestClient client) =>
        silo.Core.Sessions.Find(client.Id) is { IsAlive: true };

    // Only the session of the test that is silent: the others go on saying that they are there.
    private static bool Advance(TestSilo silo, TimeSpan time)
    {
        foreach (var state in silo.Core.Sessions.All)
        {
            if (state.Id != new SessionId(11)) state.NoteSeen(silo.Time.GetTimestamp());
        }

        silo.Time.Advance(time);
        return true;
    }
}
