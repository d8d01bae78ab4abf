using System.Diagnostics;

namespace ClaudeFs.Reduction.Bench;

/// <summary>Times a kernel on one buffer.</summary>
internal static class Measure
{
    private const int Samples = 7;
    private static readonly TimeSpan SampleTime = TimeSpan.FromMilliseconds(80);

    /// <summary>
    /// Median over some samples of the bytes that <paramref name="run"/> works off in a nanosecond: GB/s.
    /// </summary>
    public static double GigabytesPerSecond(int bytes, Action run)
    {
        var warmUp = Stopwatch.StartNew();
        while (warmUp.Elapsed < 3 * SampleTime) run();
        var rates = new double[Samples];
        for (var sample = 0; sample < Samples; sample++)
        {
            var runs = 0L;
            var clock = Stopwatch.StartNew();
            for (; clock.Elapsed < SampleTime; runs += 8)
            {
                for (var i = 0; i < 8; i++) run();
            }

            rates[sample] = runs * bytes / clock.Elapsed.TotalNanoseconds;
        }

        Array.Sort(rates);
        return rates[Samples / 2];
    }
}
