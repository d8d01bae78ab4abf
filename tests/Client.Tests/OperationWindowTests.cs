using ClaudeFs.Client.Sessions;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Loops;

namespace ClaudeFs.Client.Tests;

public class OperationWindowTests
{
    [Fact]
    public async Task Numbers_are_dense_and_the_lowest_open_one_holds_the_acknowledgement()
    {
        var window = new OperationWindow(new LoopScheduler(1).Start("test"));
        for (var number = 1UL; number <= 3; number++) Assert.Equal(number, await BeginAsync(window));
        window.End(2);
        window.End(3);
        Assert.Equal(1UL, window.AcknowledgedBelow);
        window.End(1);
        Assert.Equal(4UL, window.AcknowledgedBelow);
    }

    [Fact]
    public async Task A_full_window_waits_for_its_lowest()
    {
        var loops = new LoopScheduler(1);
        var window = new OperationWindow(loops.Start("test"));
        for (var i = 0; i < Limits.OperationsInFlightMax; i++) await BeginAsync(window);
        var next = window.BeginAsync(CancellationToken.None).AsTask();
        window.End(2);
        loops.RunAll();
        Assert.False(next.IsCompleted);
        window.End(1);
        loops.RunAll();
        Assert.Equal((ulong)Limits.OperationsInFlightMax + 1, await next);
    }

    private static ValueTask<ulong> BeginAsync(OperationWindow window) => window.BeginAsync(CancellationToken.None);
}
