using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Platform.Tests;

public sealed class ThreadLoopTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Post_runs_work_in_order_on_the_loops_thread()
    {
        var seen = new List<int>();
        var threads = new HashSet<int>();
        await using (var loop = new ThreadLoopFactory().Start("test"))
        {
            for (var i = 0; i < 10_000; i++)
            {
                loop.Post(state =>
                {
                    seen.Add((int)state!);
                    threads.Add(Environment.CurrentManagedThreadId);
                }, i);
            }
        }

        Assert.Equal(Enumerable.Range(0, 10_000), seen);
        Assert.Single(threads);
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, threads);
    }

    [Fact]
    public async Task Post_never_runs_work_before_it_returns_even_on_the_loop()
    {
        var order = new List<string>();
        await using (var loop = new ThreadLoopFactory().Start("test"))
        {
            var posted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            loop.Post(_ =>
            {
                loop.Post(_ => order.Add("inner"), null);
                order.Add("outer");
                posted.SetResult();
            }, null);
            await posted.Task.WaitAsync(Bound);
        }

        Assert.Equal(["outer", "inner"], order);
    }

    [Fact]
    public async Task Work_that_throws_goes_to_the_fault_handler_and_ends_the_loop()
    {
        var fault = new TaskCompletionSource<(string, Exception)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var loop = new ThreadLoop("faulty", (name, e) => fault.SetResult((name, e)));
        loop.Post(_ => throw new InvalidOperationException("on purpose"), null);

        var (name, thrown) = await fault.Task.WaitAsync(Bound);

        Assert.Equal("faulty", name);
        Assert.Equal("on purpose", thrown.Message);
        await loop.DisposeAsync().AsTask().WaitAsync(Bound);
        Assert.Throws<ObjectDisposedException>(() => loop.Post(_ => { }, null));
    }

    [Fact]
    public async Task SwitchTo_continues_on_the_loop_and_DisposeAsync_from_within_does_not_hang()
    {
        var loop = new ThreadLoop("own", ThreadLoop.FailFast);
        await loop.SwitchTo();
        Assert.True(loop.IsCurrent);
        await loop.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => loop.Post(_ => { }, null));
    }
}
