using ClaudeFs.Grains.Storage;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;

namespace ClaudeFs.Grains.Tests.Storage;

public class AssistTests
{
    [Fact]
    public void A_thread_that_offers_it_makes_the_append_it_waits_for()
    {
        var simulated = SimulatedStore.Open(1);
        var shard = simulated.Shard();
        LoopAssist.Offer();
        var first = shard.Submit(shard.Create("a")).WhenCommitted<int>(1);
        var second = shard.Submit(shard.Create("b")).WhenCommitted<int>(2);
        Assert.False(first.IsCompleted);

        LoopAssist.Settle(runHere: true);
        Assert.True(first.IsCompleted && second.IsCompleted);
        Assert.Equal((1, 2), (simulated.Loops.Run(first).Value, simulated.Loops.Run(second).Value));
        Assert.Equal(1, simulated.Store.Statistics.Appends);
        simulated.CommitCreate("c");
    }

    [Fact]
    public void A_thread_that_has_something_better_to_do_leaves_it_to_the_loop()
    {
        var simulated = SimulatedStore.Open(2);
        var shard = simulated.Shard();
        LoopAssist.Offer();
        var answer = shard.Submit(shard.Create("a")).WhenCommitted<int>(1);
        LoopAssist.Settle(runHere: false);
        Assert.False(answer.IsCompleted);
        Assert.Equal(1, simulated.Loops.Run(answer).Value);
    }

    [Fact]
    public void What_does_not_fit_the_append_goes_to_the_loop()
    {
        var simulated = SimulatedStore.Open(3);
        var shard = simulated.Shard();
        LoopAssist.Offer();
        var answers = Enumerable.Range(0, 20_000)
            .Select(i => shard.Submit(shard.Create($"file {i}")).WhenCommitted<int>(i)).ToList();
        LoopAssist.Settle(runHere: true);
        Assert.True(answers[0].IsCompleted);
        Assert.False(answers[^1].IsCompleted);
        for (var i = 0; i < answers.Count; i++) Assert.Equal(i, simulated.Loops.Run(answers[i]).Value);
    }

    [Fact]
    public void A_failed_append_of_a_helper_fails_who_waits()
    {
        var simulated = SimulatedStore.Open(4);
        var shard = simulated.Shard();
        simulated.Device.Fault = static (in SimulatedOperation _) => FsError.EIO;
        LoopAssist.Offer();
        var answer = shard.Submit(shard.Create("a")).WhenCommitted<int>(1);
        LoopAssist.Settle(runHere: true);
        Assert.Equal(FsError.EIO, simulated.Loops.Run(answer).Error);
        Assert.True(shard.IsReadOnly(out _));
    }

    [Fact]
    public void What_nobody_waits_for_comes_along_with_the_next_append_or_after_a_moment()
    {
        var simulated = SimulatedStore.Open(5);
        var shard = simulated.Shard();
        shard.Submit(shard.Create("lazy", SimulatedStore.Op(5, 1, ack: AckMode.Applied)));
        simulated.Loops.RunAll();
        Assert.Equal(0UL, shard.CommittedSequence);
        simulated.CommitCreate("eager");
        Assert.Equal((2UL, 1), (shard.CommittedSequence, simulated.Store.Statistics.Appends));

        shard.Submit(shard.Create("late", SimulatedStore.Op(5, 2, ack: AckMode.Applied)));
        simulated.Time.Advance(StoreLimits.LazyAppendDelay);
        simulated.Loops.RunAll();
        Assert.Equal(3UL, shard.CommittedSequence);

        // Another session reads it: its answer hurries the append.
        shard.Submit(shard.Create("read", SimulatedStore.Op(5, 3, ack: AckMode.Applied)));
        var reply = shard.ReplyAsync<int>(7, shard.VersionOf("read"), new(6));
        Assert.Equal(7, simulated.Loops.Run(reply).Value);
    }
}
