using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

public class AnswerTests
{
    private const ulong Session = 99;

    [Fact]
    public void A_retry_gets_the_first_answer_before_and_after_a_restart_and_a_power_cut()
    {
        var simulated = SimulatedStore.Open(1);
        var first = Create(simulated, "a", SimulatedStore.Op(Session, 1));
        Assert.Equal(first, Retry(simulated, 1));
        simulated.Crash();
        Assert.Equal(first, Retry(simulated, 1));
        simulated.Restart();
        Assert.Equal(first, Retry(simulated, 1));
        simulated.Crash();
        Assert.Equal(first, Retry(simulated, 1));
        Assert.Null(Retry(simulated, 2));
    }

    [Fact]
    public void A_retry_while_the_first_is_pending_waits_for_the_same_commit()
    {
        var simulated = SimulatedStore.Open(2);
        var shard = simulated.Shard();
        var op = SimulatedStore.Op(Session, 1);
        var answer = Submit(shard, "a", op);
        Assert.True(shard.TryAnswered<AttributesReply>(op, out var retry));
        Assert.False(retry.IsCompleted);
        Assert.Equal(simulated.Loops.Run(answer).Value, simulated.Loops.Run(retry).Value);
    }

    [Fact]
    public void Answers_go_when_they_are_acknowledged()
    {
        var simulated = SimulatedStore.Open(3);
        Create(simulated, "a", SimulatedStore.Op(Session, 1));
        Create(simulated, "b", SimulatedStore.Op(Session, 2));
        Create(simulated, "c", SimulatedStore.Op(Session, 3, acknowledgedBelow: 3));
        simulated.Drain();
        Assert.Equal([3UL], simulated.Rows.ReadAll(RowKind.Answer).Select(pair => ((AnswerRow)pair.Value).Number));
        Assert.True(simulated.Shard().TryAnswered<AttributesReply>(SimulatedStore.Op(Session, 2, 3), out var late));
        Assert.Equal(FsError.EINVAL, simulated.Loops.Run(late).Error);
    }

    [Fact]
    public void Answers_of_a_session_go_with_its_row()
    {
        var simulated = SimulatedStore.Open(4);
        Create(simulated, "a", SimulatedStore.Op(Session, 1));
        simulated.Restart();
        var batch = simulated.Shard().Begin(default, OperationKind.SessionClosed);
        batch.DeleteSessionShard(new(Session));
        simulated.Commit(batch);
        Assert.Null(Retry(simulated, 1));
        simulated.Restart();
        Assert.Null(Retry(simulated, 1));
        Assert.Empty(simulated.Rows.ReadAll(RowKind.Answer));
    }

    [Fact]
    public void The_same_operation_is_never_applied_twice()
    {
        var simulated = SimulatedStore.Open(5);
        var op = SimulatedStore.Op(Session, 1);
        Create(simulated, "a", op);
        Assert.Throws<InvariantException>(() => Submit(simulated.Shard(), "b", op));
    }

    // It carries what was acknowledged when it was sent, not what has been since.
    [Fact]
    public void An_attempt_that_comes_after_its_answer_was_acknowledged_does_nothing()
    {
        var simulated = SimulatedStore.Open(7);
        Create(simulated, "a", SimulatedStore.Op(Session, 1));
        Create(simulated, "b", SimulatedStore.Op(Session, 2, acknowledgedBelow: 2));
        Assert.True(simulated.Shard().TryAnswered<AttributesReply>(SimulatedStore.Op(Session, 1), out var late));
        Assert.Equal(FsError.EINVAL, simulated.Loops.Run(late).Error);
    }

    [Fact]
    public void A_refusal_is_every_attempts_until_it_is_acknowledged()
    {
        var simulated = SimulatedStore.Open(8);
        var (shard, op) = (simulated.Shard(), SimulatedStore.Op(Session, 1));
        Assert.False(shard.TryAnswered<AttributesReply>(op, out _));
        var told = shard.DecidedAsync(op, new ValueTask<FsResult<AttributesReply>>(FsError.EEXIST));
        Assert.Equal(FsError.EEXIST, simulated.Loops.Run(told).Error);
        Assert.True(shard.TryAnswered<AttributesReply>(op, out var other));
        Assert.Equal(FsError.EEXIST, simulated.Loops.Run(other).Error);
        Assert.False(shard.TryAnswered<AttributesReply>(SimulatedStore.Op(Session, 2, 2), out _));
        Assert.True(shard.TryAnswered<AttributesReply>(op, out var late));
        Assert.Equal(FsError.EINVAL, simulated.Loops.Run(late).Error);
    }

    [Fact]
    public void A_number_too_far_ahead_is_asked_to_wait()
    {
        var simulated = SimulatedStore.Open(6);
        var op = SimulatedStore.Op(Session, StoreLimits.SessionWindowMax + 2);
        Assert.True(simulated.Shard().TryAnswered<Nothing>(op, out var refused));
        Assert.Equal(FsError.EAGAIN, simulated.Loops.Run(refused).Error);
    }

    [Fact]
    public void Answers_of_each_kind_survive_in_the_log()
    {
        var removed = new RemovedReply(SampleRows.Inode, true, SampleRows.Attributes);
        Same(new EntryReply(SampleRows.Attributes, LeaseGrant.None, LeaseGrant.None));
        Same(new AttributesReply(SampleRows.Attributes, LeaseGrant.None));
        Same(removed);
        Same(new RenamedReply(SampleRows.Attributes, removed));
        Same(Nothing.Value);
    }

    private static void Same<T>(T answer)
    {
        var writer = new ClaudeFs.Grains.Storage.Log.RecordWriter();
        RowCodec.Write(writer, new AnswerRow<T>(new(1), 2, answer, SampleRows.Time));
        var reader = new ClaudeFs.Grains.Storage.Log.RecordReader(writer.Written);
        Assert.True(((AnswerRow)RowCodec.Read(ref reader)).TryGet<T>(out var read));
        Assert.Equal(answer, read.Value);
    }

    private static ValueTask<FsResult<AttributesReply>> Submit(Shard shard, string name, in OperationContext op)
    {
        var batch = shard.Create(name, op);
        var answer = new FsResult<AttributesReply>(
            new(SampleRows.Attributes with { Inode = shard.NextInode() }, LeaseGrant.None), FsError.None);
        batch.SetAnswer(answer);
        return shard.Submit(batch).WhenCommitted(answer);
    }

    private static AttributesReply Create(SimulatedStore simulated, string name, in OperationContext op) =>
        simulated.Loops.Run(Submit(simulated.Shard(), name, op)).Value;

    private static AttributesReply? Retry(SimulatedStore simulated, ulong number) =>
        simulated.Shard().TryAnswered<AttributesReply>(SimulatedStore.Op(Session, number), out var earlier)
            ? simulated.Loops.Run(earlier).Value
            : null;
}
