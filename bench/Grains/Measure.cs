using System.Diagnostics;

namespace ClaudeFs.Bench.Grains;

/// <summary>What was measured of one operation.</summary>
internal sealed record Figures(double PerSecond, double P50Microseconds, double P99Microseconds, double BytesEach);

internal static class Measure
{
    /// <summary>One after the other on this thread; each is timed by itself.</summary>
    public static async Task<Figures> RunAsync(int count, Func<int, ValueTask> operation)
    {
        var ticks = new long[count];
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var before = Stopwatch.GetTimestamp();
            await operation(i);
            ticks[i] = Stopwatch.GetTimestamp() - before;
        }

        return Make(count, start, bytes, ticks);
    }

    /// <summary>So many at a time, as that many callers would have them; p50 is that of a whole group.</summary>
    public static async Task<Figures> RunManyAsync(int count, int inFlight, Func<int, ValueTask> operation)
    {
        var ticks = new long[count / inFlight];
        var pending = new Task[inFlight];
        var bytes = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < ticks.Length; i++)
        {
            var before = Stopwatch.GetTimestamp();
            for (var j = 0; j < inFlight; j++) pending[j] = operation((i * inFlight) + j).AsTask();
            await Task.WhenAll(pending);
            ticks[i] = Stopwatch.GetTimestamp() - before;
        }

        return Make(ticks.Length * inFlight, start, bytes, ticks);
    }

    private static Figures Make(int count, long start, long bytes, long[] ticks)
    {
        var elapsed = Stopwatch.GetElapsedTime(start);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - bytes;
        Array.Sort(ticks);
        return new(Math.Round(count / elapsed.TotalSeconds), Microseconds(ticks[ticks.Length / 2]),
            Microseconds(ticks[ticks.Length * 99 / 100]), Math.Round((double)allocated / count));
    }

    private static double Microseconds(long ticks) => Math.Round(ticks * 1e6 / Stopwatch.Frequency, 2);
}
