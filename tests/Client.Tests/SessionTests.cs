using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Loops;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Client.Tests;

/// <summary>One thread, a clock that stands still, loops that run when told: nothing here depends on the
/// machine.</summary>
public sealed class SessionTests : SteppedTests
{
    [Fact]
    public void Keepalives_hold_the_leases() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        await client.CreateAsync("kept");
        for (var i = 1; i <= 20; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(2));
            Loops.RunAll();
            Assert.Equal(i, Fixture.Cluster.CallsOf("KeepAlive"));
        }

        await client.FindAsync("kept");
        Assert.Equal(0, Fixture.Cluster.CallsOf("Lookup"));
    });

    [Fact]
    public void The_kernel_may_keep_things_no_longer_than_the_term_less_a_tenth() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        await client.CreateAsync("ttl");
        Clock.Advance(TimeSpan.FromSeconds(1));
        var node = await client.FindAsync("ttl");
        Assert.Equal(TimeSpan.FromSeconds(7.1), node.AttributesTtl);
        Assert.Equal(TimeSpan.FromSeconds(7.1), node.EntryTtl);
    });

    [Fact]
    public void Past_its_term_a_client_answers_nothing_from_its_cache() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var file = await client.CreateAsync("expired");
        await client.WriteAsync(file, 0, [1, 2, 3]);
        Fixture.Cluster.LosesRequest = static _ => true;
        Clock.Advance(TimeSpan.FromSeconds(10));
        var stat = client.GetAttributesAsync(file.Inode, CancellationToken.None).AsTask();
        Assert.False(stat.IsCompleted);

        Fixture.Cluster.LosesRequest = null;
        AdvanceUntil(() => stat.IsCompleted, "the session lives again");
        Assert.Equal(3UL, (await stat).Ok().Attributes.SizeBytes);
        await client.CloseAsync(file);
        Assert.Equal([1, 2, 3], Fixture.Cluster.Inode(file.Inode).Inline!);
    });

    [Fact]
    public void An_evicted_client_reports_its_lost_writes_once_and_goes_on() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var sink = new RecordingSink();
        client.InvalidationSink = sink;
        var (dirty, clean) = (await client.CreateAsync("dirty"), await client.CreateAsync("clean"));
        await client.WriteAsync(clean, 0, [9]);
        (await client.SyncAsync(clean.Inode, dataOnly: false, CancellationToken.None)).Ok();
        await client.WriteAsync(dirty, 0, [1]);
        var before = client.Session;
        Fixture.Cluster.Evict(before);
        AdvanceUntil(() => client.Session != before && client.Session != SessionId.None, "a new session");

        Assert.Contains(clean.Inode, sink.Inodes);
        var flushed = await client.FlushAsync(dirty.Inode, dirty.Handle, CancellationToken.None);
        Assert.Equal(FsError.EIO, flushed.Error);
        (await client.FlushAsync(dirty.Inode, dirty.Handle, CancellationToken.None)).Ok();
        (await client.FlushAsync(clean.Inode, clean.Handle, CancellationToken.None)).Ok();
        Assert.Equal([9], await client.ReadAsync(clean, 0, 10));
        Assert.Equal(0UL, (await client.StatAsync(dirty.Inode)).SizeBytes);
        await client.WriteAsync(dirty, 0, [5]);
        await client.CloseAsync(dirty);
    });

    [Fact]
    public void What_a_flush_of_a_lost_session_still_carries_is_seen_by_nobody() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var file = await client.CreateAsync("file");
        await client.WriteAsync(file, 0, [9]);
        (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
        await client.WriteAsync(file, 0, [1, 2]);
        var held = new TaskCompletionSource();   // goes on upon this thread
        Fixture.Cluster.HoldsReply = name => name == "Write" ? held.Task : Task.CompletedTask;
        Fixture.Cluster.OnWrite = static (_, _) => FsError.ESTALE;
        var flush = client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None).AsTask();
        var before = client.Session;
        Fixture.Cluster.Evict(before);
        AdvanceUntil(() => client.Session != before && client.Session != SessionId.None, "a new session");
        Assert.False(flush.IsCompleted);
        var (seen, size) = (await client.ReadAsync(file, 0, 10), (await client.StatAsync(file.Inode)).SizeBytes);
        held.SetResult();
        AdvanceUntil(() => flush.IsCompleted, "the flush ends");
        Assert.Equal(FsError.EIO, (await flush).Error);
        Assert.Equal([9], seen);
        Assert.Equal(1UL, size);
    });

    [Fact]
    public void A_client_comes_back_to_a_silo_that_restarted_with_all_it_had_to_write() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var sink = new RecordingSink();
        client.InvalidationSink = sink;
        var (dirty, closed) = (await client.CreateAsync("dirty"), await client.CreateAsync("closed"));
        await client.WriteAsync(closed, 0, [9]);
        await client.CloseAsync(closed);
        await client.WriteAsync(dirty, 0, [1]);
        var before = client.Session;
        Fixture.Cluster.Restart();
        AdvanceUntil(() => Fixture.Cluster.CallsOf("Settle") == 1, "the session settles");

        Assert.Equal(before, client.Session);
        Assert.Contains(closed.Inode, sink.Inodes);
        Assert.Equal(LeaseMode.Write, Fixture.Cluster.LeaseOf(dirty.Inode, before));
        Assert.Equal(LeaseMode.None, Fixture.Cluster.LeaseOf(closed.Inode, before));
        await client.WriteAsync(dirty, 1, [2]);
        await client.CloseAsync(dirty);
        Assert.Equal([1, 2], Fixture.Cluster.Inode(dirty.Inode).Inline!);
        Assert.Equal([9], await client.ReadAsync(await client.OpenAsync("closed"), 0, 10));
    });

    [Fact]
    public void A_front_end_that_is_stuck_does_not_cost_a_client_that_comes_back_its_term() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        for (var i = 0; i < 300; i++) await client.CloseAsync(await client.CreateAsync($"known{i}"));
        var dirty = await client.CreateAsync("dirty");
        await client.WriteAsync(dirty, 0, [1]);
        var answersLate = TimeSpan.FromMilliseconds(200);
        client.InvalidationSink = new RecordingSink
        {
            OnInode = _ => Task.Delay(answersLate, Clock), OnName = _ => Task.Delay(answersLate, Clock),
        };
        var before = client.Session;
        var restarted = Clock.GetUtcNow();
        Fixture.Cluster.Restart();
        AdvanceUntil(() => Fixture.Cluster.CallsOf("Settle") == 1, "the session settles");

        // It notices by a keepalive, each 2 s; then it waits for the front end once, not for each inode.
        Assert.InRange(Clock.GetUtcNow() - restarted, TimeSpan.Zero, TimeSpan.FromSeconds(6));
        Assert.Equal(before, client.Session);
        await client.CloseAsync(dirty);
        Assert.Equal([1], Fixture.Cluster.Inode(dirty.Inode).Inline!);
    });

    [Fact]
    public void A_client_that_came_back_goes_on_although_the_last_answer_was_lost() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var file = await client.CreateAsync("file");
        await client.WriteAsync(file, 0, [1]);
        var before = client.Session;
        var isLost = false;
        Fixture.Cluster.LosesRequest = name => name == "Settle" && !isLost && (isLost = true);
        Fixture.Cluster.Restart();
        var closed = client.CloseAsync(file);
        AdvanceUntil(() => closed.IsCompleted, "the file is closed");
        await closed;
        Assert.True(isLost);
        Assert.Equal(before, client.Session);
        Assert.Equal([1], Fixture.Cluster.Inode(file.Inode).Inline!);
    });

    [Theory, InlineData("Make"), InlineData("Write"), InlineData("Unlink"), InlineData("SetAttributes")]
    public void An_operation_whose_silo_restarted_before_its_reply_is_done_once(string operation) => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var before = client.Session;
        var isLost = false;
        Fixture.Cluster.LosesReply = name =>
        {
            if (name != operation || isLost) return false;
            Fixture.Cluster.Restart();
            return isLost = true;
        };
        var work = WorkAsync(client);
        AdvanceUntil(() => work.IsCompleted, "the operations");
        await work;
        Assert.True(isLost);
        Assert.Equal((before, 1), (client.Session, Fixture.Cluster.CallsOf(operation)));
    });

    [Theory, InlineData("Make"), InlineData("Write"), InlineData("Unlink"), InlineData("SetAttributes")]
    public void An_operation_whose_reply_was_lost_is_done_once(string operation) => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var losses = 3;
        Fixture.Cluster.LosesReply = name => name == operation && losses-- > 0;
        var work = WorkAsync(client);
        AdvanceUntil(() => work.IsCompleted, "the operations");
        await work;
        Assert.True(losses <= 0);
        Assert.Equal(1, Fixture.Cluster.CallsOf(operation));
    });

    [Fact]
    public void A_silo_that_never_answers_is_a_time_out() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        Fixture.Cluster.LosesRequest = static name => name != "KeepAlive" && name != "Close";
        var made = client.MakeAsync(
            InodeId.Root, FsName.Of("never"), FileMode.Directory, 0, default, Caller.Root, CancellationToken.None)
            .AsTask();
        AdvanceUntil(() => made.IsCompleted, "the end of the retries");
        Assert.Equal(FsError.ETIMEDOUT, (await made).Error);
        Fixture.Cluster.LosesRequest = null;
    });

    private static async Task WorkAsync(FileSystemClient client)
    {
        var file = await client.CreateAsync("once");
        await client.WriteAsync(file, 0, [1]);
        await client.CloseAsync(file);
        var change = new AttributesChange(AttributeMask.Mode, 0x1C0, 0, 0, 0, default, default, default);
        (await client.SetAttributesAsync(file.Inode, change, Caller.Root, CancellationToken.None)).Ok();
        (await client.UnlinkAsync(InodeId.Root, FsName.Of("once"), Caller.Root, CancellationToken.None)).Ok();
    }
}
