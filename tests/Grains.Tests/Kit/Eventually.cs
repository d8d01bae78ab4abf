namespace ClaudeFs.Grains.Tests.Kit;

/// <summary>Waits for what another thread does soon.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(2);

    /// <summary>How long a test waits for an answer that has to come.</summary>
    public static Task<T> SoonAsync<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Bound);

    /// <summary>
    /// Completes when the condition holds; fails with <paramref name="what"/> when it does not in time.
    /// </summary>
    public static async Task HoldsAsync(Func<bool> condition, string what)
    {
        var end = TimeProvider.System.GetUtcNow() + Bound;
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, $"Waited in vain until {what}");
            await Task.Delay(Step, TimeProvider.System);
        }
    }
}
