using ClaudeFs.Fuse.Session;
using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Fuse.Tests.Session;

public class ReplyFenceTests
{
    [Fact]
    public async Task Advance_waits_for_the_reply_that_is_being_handed_over()
    {
        await using var loop = new ThreadLoopFactory().Start("advance");
        var fence = new ReplyFence();
        var round = fence.Enter();
        var advanced = loop.RunAsync(() =>
        {
            fence.Advance();
            return true;
        });
        while (fence.Round == round) await Task.Yield(); // the new round has begun, so Advance now waits for us
        Assert.False(advanced.IsCompleted);
        Assert.Equal(round + 1, fence.Enter()); // others are not held up
        fence.Exit(round + 1);

        fence.Exit(round);
        Assert.True(await advanced.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    // What a reply says was true in the round it began in; after Advance no reply may say what was true before.
    [Fact]
    public async Task No_reply_of_an_older_round_leaves_after_Advance()
    {
        const int Rounds = 20_000;
        var fence = new ReplyFence();
        long truth = 0, told = 0;
        var isOver = 0;
        var factory = new ThreadLoopFactory();
        var loops = new[] { factory.Start("a"), factory.Start("b") };
        var replies = loops.Select(loop => loop.RunAsync(() =>
        {
            while (Volatile.Read(ref isOver) == 0)
            {
                var began = fence.Round;
                var value = Volatile.Read(ref truth);
                var round = fence.Enter();
                if (round == began && value < Volatile.Read(ref told)) return false;
                fence.Exit(round);
            }

            return true;
        })).ToArray();
        for (var i = 1; i <= Rounds; i++)
        {
            Volatile.Write(ref truth, i);
            fence.Advance();
            Volatile.Write(ref told, i); // the kernel has been told of the change
        }

        Volatile.Write(ref isOver, 1);
        foreach (var reply in replies) Assert.True(await reply.WaitAsync(TimeSpan.FromSeconds(30)));
        foreach (var loop in loops) await loop.DisposeAsync();
    }
}
