using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Leases;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Intents;

public class IntentTableTests
{
    private static readonly InodeId Inode = new(20);
    private static readonly SessionId First = new(1);
    private static readonly SessionId Second = new(2);
    private readonly IntentTable _intents = new();

    [Fact]
    public async Task Intents_are_given_in_the_order_in_which_they_were_asked_for()
    {
        var tokens = Enumerable.Range(0, 4).Select(_ => IntentTable.NewToken()).ToArray();
        Assert.True(_intents.TryTake(Inode, tokens[0]));
        Assert.False(_intents.TryTake(Inode, tokens[1]));
        var waiting = tokens.Skip(1).Select(token => _intents.TakeAsync(Inode, token).AsTask()).ToArray();
        for (var i = 0; i < 3; i++)
        {
            Assert.All(waiting.Skip(i), task => Assert.False(task.IsCompleted));
            _intents.Release(Inode, tokens[i]);
            Assert.Equal(FsError.None, await waiting[i]);
        }

        _intents.Release(Inode, tokens[3]);
        Assert.Equal(0, _intents.Count);
    }

    [Fact]
    public async Task A_visit_goes_ahead_while_draining_and_holds_the_intent_back_from_getting_firm()
    {
        var token = IntentTable.NewToken();
        Assert.True(_intents.TryTake(Inode, token));
        Assert.False(_intents.TryVisit(Inode));
        var open = _intents.WhenOpenAsync(Inode).AsTask();
        Assert.False(open.IsCompleted);
        _intents.Drain(Inode, token);
        await open;
        Assert.True(_intents.TryVisit(Inode));
        var firm = _intents.FirmAsync(Inode, token).AsTask();
        Assert.False(firm.IsCompleted || _intents.TryVisit(Inode));
        _intents.Leave(Inode);
        await firm;
        _intents.Release(Inode, token);
    }

    [Fact]
    public async Task More_waiters_than_the_limit_are_told_EAGAIN()
    {
        _intents.TryTake(Inode, IntentTable.NewToken());
        for (var i = 0; i < Limits.IntentWaitersMax; i++)
        {
            _ = _intents.TakeAsync(Inode, IntentTable.NewToken()).AsTask();
        }

        Assert.Equal(FsError.EAGAIN, await _intents.TakeAsync(Inode, IntentTable.NewToken()));
    }

    [Fact]
    public void Only_the_holder_gives_an_intent_back()
    {
        _intents.TryTake(Inode, IntentTable.NewToken());
        Assert.Throws<InvariantException>(() => _intents.Release(Inode, IntentTable.NewToken()));
    }

    [Fact]
    public void A_remembered_intent_is_recollected_once()
    {
        var op = new OperationId(First, default, 1);
        var token = IntentTable.NewToken();
        _intents.Remember(op, Inode, token);
        Assert.True(_intents.TryRecollect(op, Inode, out var found));
        Assert.Equal(token, found);
        Assert.False(_intents.TryRecollect(op, Inode, out _));
    }

    [Fact]
    public void Leases_are_shared_by_readers_alone_for_a_writer_and_not_granted_under_an_intent()
    {
        var leases = new LeaseTable(_intents, new Epoch(1));
        Assert.Equal(LeaseMode.None, leases.TryGrantRead(Inode, First).Mode);
        leases.Enter(First);
        leases.Enter(Second);
        Assert.Equal(LeaseMode.Read, leases.TryGrantRead(Inode, First).Mode);
        Assert.Equal(LeaseMode.Read, leases.TryGrantRead(Inode, Second).Mode);
        Assert.True(leases.HasConflict(Inode, First, LeaseMode.Write));
        Assert.False(leases.HasConflict(Inode, First, LeaseMode.Read));
        var conflict = Assert.Single(leases.Conflicts(Inode, First, LeaseMode.Write));
        Assert.Throws<InvariantException>(() => leases.Grant(Inode, First, LeaseMode.Write));
        leases.Return(Inode, Second, conflict.Number - 1, LeaseMode.None, false);
        Assert.True(leases.HasConflict(Inode, First, LeaseMode.Write));
        leases.Return(Inode, Second, conflict.Number, LeaseMode.None, true);
        Assert.Equal(LeaseMode.Write, leases.Grant(Inode, First, LeaseMode.Write).Mode);
        Assert.Equal(Second, Assert.Single(leases.OpenHolders(Inode)));
        Assert.Equal(LeaseMode.None, leases.TryGrantRead(Inode, Second).Mode);
        Assert.Equal(LeaseMode.Write, leases.TryGrantRead(Inode, First).Mode);

        _intents.TryTake(Inode, IntentTable.NewToken());
        Assert.Equal(LeaseMode.None, leases.TryGrantRead(Inode, First).Mode);
        leases.Drop(First);
        Assert.False(leases.HasConflict(Inode, Second, LeaseMode.Write));
        Assert.Equal(0, leases.Count);
    }

    [Fact]
    public void An_absent_session_conflicts_with_everyone_but_itself()
    {
        var leases = new LeaseTable(_intents, new Epoch(1));
        leases.Enter(First);
        leases.AddAbsent(Second);
        Assert.True(leases.HasConflict(Inode, First, LeaseMode.Read));
        Assert.False(leases.HasConflict(Inode, Second, LeaseMode.Write));
        Assert.Equal(LeaseMode.None, leases.TryGrantRead(Inode, First).Mode);
        var conflict = Assert.Single(leases.Conflicts(Inode, First, LeaseMode.Read));
        Assert.Equal(new HeldLease(Second, LeaseMode.None, 0), conflict);
        leases.Enter(Second);
        Assert.Equal(LeaseMode.Write, leases.Reclaim(Inode, Second, LeaseMode.Write).Mode);
        leases.NoteSettled(Second);
        Assert.Equal(LeaseMode.None, leases.TryGrantRead(Inode, First).Mode);
        Assert.Equal(LeaseMode.None, leases.Reclaim(Inode, Second, LeaseMode.Write).Mode);
        leases.Drop(Second);
        Assert.Equal(LeaseMode.Read, leases.TryGrantRead(Inode, First).Mode);
    }

    [Fact]
    public void A_session_is_granted_no_more_leases_unasked_than_its_limit()
    {
        var leases = new LeaseTable(_intents, new Epoch(1));
        leases.Enter(First);
        for (var i = 1; i <= Limits.LeasesPerSessionMax; i++) leases.TryGrantRead(new((ulong)i), First);
        Assert.Equal(Limits.LeasesPerSessionMax, leases.Count);
        Assert.Equal(LeaseMode.None, leases.TryGrantRead(new(ulong.MaxValue), First).Mode);
        Assert.Equal(LeaseMode.Read, leases.TryGrantRead(new(1), First).Mode);
    }
}
