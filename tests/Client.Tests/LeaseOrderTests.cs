using ClaudeFs.Client.Nodes;
using ClaudeFs.Client.Sessions;
using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Loops;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Client.Tests;

/// <summary>Answers, grants and recalls in the orders in which a network may bring them.</summary>
public sealed class LeaseOrderTests : IAsyncDisposable
{
    private const int ReadAll = 100_000;

    private readonly ClientFixture _fixture = new();
    private readonly CachedInode _inode = new(new InodeId(7), new EntryTally(100));
    private readonly ClientSession _session = Session(1);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public void Recall_that_overtakes_the_first_grant_takes_it()
    {
        _inode.GiveBack(5, LeaseMode.None);
        Assert.False(_inode.Accept(Grant(LeaseMode.Read, 5), _session));
        Assert.False(_inode.Holds(LeaseMode.Read, _session));
        Assert.True(_inode.Accept(Grant(LeaseMode.Read, 6), _session));
    }

    [Fact]
    public void Downgrade_that_overtakes_its_grant_leaves_nothing()
    {
        _inode.Accept(Grant(LeaseMode.Read, 5), _session);
        Assert.Equal(LeaseMode.None, _inode.GiveBack(6, LeaseMode.Read));
        Assert.False(_inode.Accept(Grant(LeaseMode.Write, 6), _session));
        Assert.False(_inode.Holds(LeaseMode.Read, _session));
    }

    [Fact]
    public void Downgrade_of_the_lease_that_is_here_leaves_reading()
    {
        _inode.Accept(Grant(LeaseMode.Write, 5), _session);
        Assert.Equal(LeaseMode.Read, _inode.GiveBack(5, LeaseMode.Read));
        Assert.True(_inode.Accept(Grant(LeaseMode.Write, 5), _session));
        Assert.False(_inode.Holds(LeaseMode.Write, _session));
        Assert.True(_inode.Holds(LeaseMode.Read, _session));
    }

    [Fact]
    public void Next_session_takes_no_grant_that_was_recalled_from_it_already()
    {
        _inode.Accept(Grant(LeaseMode.Read, 5), _session);
        _session.Lose();
        _inode.DropLease(isLost: true, at: 1);
        var next = Session(2);
        _inode.GiveBack(9, LeaseMode.None);
        Assert.False(_inode.Accept(Grant(LeaseMode.Read, 9), next));
        Assert.True(_inode.Accept(Grant(LeaseMode.Read, 10), next));
    }

    [Fact]
    public void Lease_that_was_lost_and_came_again_was_not_held_all_the_time()
    {
        _inode.Accept(Grant(LeaseMode.Read, 5), _session);
        var before = _inode.HeldNumber(_session);
        _inode.Accept(Grant(LeaseMode.Read, 6), _session);
        Assert.True(_inode.IsStillHeld(before, _session));
        _inode.GiveBack(6, LeaseMode.None);
        _inode.Accept(Grant(LeaseMode.Read, 7), _session);
        Assert.False(_inode.IsStillHeld(before, _session));
        Assert.False(_inode.IsStillHeld(0, _session));
    }

    [Fact]
    public void What_a_lost_session_was_told_gives_way_to_what_the_next_is_told()
    {
        _inode.Learn(Attributes(changes: 4), fence: 1);
        _inode.DropLease(isLost: true, at: 5);
        _inode.Learn(Attributes(changes: 6), fence: 4);
        Assert.True(_inode.IsStale);
        _inode.Learn(Attributes(changes: 3), fence: 5);
        Assert.Equal(3UL, _inode.Server.ChangeCounter);
        _inode.Learn(Attributes(changes: 2), fence: 6);
        Assert.Equal(3UL, _inode.Server.ChangeCounter);
    }

    // A lookup that left under the lost session is answered under the next: the file is there, though not to be kept.
    [Fact]
    public void What_is_answered_across_the_loss_of_a_session_is_shown_and_asked_for_again()
    {
        _inode.DropLease(isLost: true, at: 5);
        _inode.Learn(Attributes(changes: 6), fence: 4);
        Assert.True(_inode.HasAttributes);
        Assert.True(_inode.IsStale);
        _inode.Learn(Attributes(changes: 3), fence: 5);
        _inode.Learn(Attributes(changes: 9), fence: 4);
        Assert.Equal(3UL, _inode.Server.ChangeCounter);
    }

    [Fact]
    public async Task Name_that_was_absent_is_found_although_the_answer_comes_after_it_was_made()
    {
        var (reader, writer) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var held = _fixture.Cluster.HoldFirst("Lookup");
        var looking = reader.FindAsync("late");
        var made = await writer.CreateAsync("late");
        held.SetResult();
        Assert.True((await looking).Attributes.Inode.IsNone);
        Assert.Equal(made.Inode, (await reader.FindAsync("late")).Attributes.Inode);
    }

    // Of the two names of a rename the other must not be old for who has seen that the one is gone.
    [Fact]
    public void Name_is_not_remembered_while_it_is_being_changed()
    {
        var name = FsName.Of("a");
        Assert.True(_inode.Remember(name, new InodeId(8)));
        _inode.BeginName(name);
        Assert.False(_inode.Entries!.ContainsKey(name));
        Assert.False(_inode.Remember(name, new InodeId(8)));
        Assert.True(_inode.EndName(name));
        Assert.True(_inode.Remember(name, new InodeId(9)));
    }

    [Fact]
    public async Task Content_is_new_although_the_map_of_the_old_comes_after_it_was_written()
    {
        var (reader, writer) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var file = await writer.CreateAsync("file");
        await writer.WriteAsync(file, 0, ClientCalls.Pattern(5000, 1));
        var (first, second) = (await reader.OpenAsync("file"), await reader.OpenAsync("file"));
        var held = _fixture.Cluster.HoldFirst("GetMap");
        var early = reader.ReadAsync(first, 0, ReadAll);
        var bytes = ClientCalls.Pattern(9000, 2);
        await writer.WriteAsync(file, 0, bytes);
        Assert.Equal(bytes, await reader.ReadAsync(second, 0, ReadAll));
        held.SetResult();
        await early;
        Assert.Equal(bytes, await reader.ReadAsync(second, 0, ReadAll));
        Assert.Equal(bytes, await reader.ReadAsync(first, 0, ReadAll));
    }

    [Fact]
    public async Task Attributes_are_new_although_the_old_come_after_they_were_changed()
    {
        var (reader, writer) = (await _fixture.StartAsync(), await _fixture.StartAsync());
        var file = await writer.CreateAsync("file");
        await writer.CloseAsync(file);
        var held = _fixture.Cluster.HoldFirst("GetAttributes");
        var early = reader.StatAsync(file.Inode);
        await writer.TruncateAsync(file.Inode, 77);
        Assert.Equal(77UL, (await reader.StatAsync(file.Inode)).SizeBytes);
        held.SetResult();
        await early;
        Assert.Equal(77UL, (await reader.StatAsync(file.Inode)).SizeBytes);
    }

    [Fact]
    public async Task What_was_shown_of_a_change_goes_when_it_is_not_known_to_be_done()
    {
        var client = await _fixture.StartAsync(ClientFixture.Remote);
        var file = await client.CreateAsync("file");
        var row = _fixture.Cluster.Inode(file.Inode);
        var committed = row.Attributes;
        row.Attributes = committed with { SizeBytes = 50, ChangeCounter = committed.ChangeCounter + 5 };
        await FailAsync();
        Assert.Equal(50UL, (await client.StatAsync(file.Inode)).SizeBytes);
        row.Attributes = committed;
        await FailAsync();
        Assert.Equal(0UL, (await client.StatAsync(file.Inode)).SizeBytes);

        async Task FailAsync() => Assert.Equal(FsError.ENODATA, (await client.RemoveXattrAsync(
            file.Inode, FsName.Of("user.none"), Caller.Root, CancellationToken.None)).Error);
    }

    private static InodeAttributes Attributes(ulong changes) =>
        new(new InodeId(7), 1, FileMode.Regular, 1, 0, 0, 0, 0, 0, default, default, default, default, changes);

    private static LeaseGrant Grant(LeaseMode mode, ulong number) => new(mode, new Epoch(1), number);

    private static ClientSession Session(ulong id)
    {
        var welcome = new SessionWelcome(new SessionId(id), TimeSpan.FromSeconds(9), 1, Stamp.Zero, []);
        return new(new SessionId(id), null!, true, welcome, new FakeTimeProvider(), new LoopScheduler(1).Start("test"));
    }
}
