namespace ClaudeFs.TestKit;

/// <summary>What a piece of code allocates on the managed heap.</summary>
public static class Allocations
{
    private const int Rounds = 8;

    /// <summary>
    /// Bytes that <paramref name="round"/> allocates on this thread: the least of some rounds, for the runtime also
    /// allocates there, now and then, while it compiles the same code better.
    /// </summary>
    public static long Of(Action round)
    {
        var least = long.MaxValue;
        for (var i = 0; i < Rounds && least != 0; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            round();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
