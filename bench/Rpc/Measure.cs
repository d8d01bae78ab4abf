using System.Diagnostics;

namespace ClaudeFs.Rpc.Bench;

/// <summary>Runs round trips for a while, some at a time, and says what they cost.</summary>
internal static class Measure
{
    private const int WarmUpRounds = 3000;
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(1.5);

    public static async Task<Result> RunAsync(string name, int bytes, int outstanding, Func<int, ValueTask> roundTrip)
    {
        var warmUp = WarmUpRounds / (1 + (bytes / 4096));
        await RepeatAsync(0, roundTrip, warmUp, []);

        var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        var samples = new List<long>[outstanding];
        var lanes = new Task[outstanding];
        for (var lane = 0; lane < outstanding; lane++)
        {
            samples[lane] = new List<long>(200_000);
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var lane = 0; lane < outstanding; lane++)
        {
            var own = lane;
            lanes[lane] = Task.Run(() => RepeatUntilAsync(own, roundTrip, watch, samples[own]));
        }

        await Task.WhenAll(lanes);
        var elapsed = watch.Elapsed;
        process.Refresh();
        var all = samples.SelectMany(list => list).Order().ToArray();
        return new Result(
            name, bytes, outstanding, Math.Round(all.Length / elapsed.TotalSeconds),
            Microseconds(all[all.Length / 2]), Microseconds(all[(int)(all.Length * 0.99)]),
            Math.Round((process.TotalProcessorTime - cpu).TotalMicroseconds / all.Length, 1),
            Math.Round((double)(GC.GetTotalAllocatedBytes(precise: true) - before) / all.Length));
    }

    private static async Task RepeatUntilAsync(
        int lane, Func<int, ValueTask> roundTrip, Stopwatch watch, List<long> samples)
    {
        while (watch.Elapsed < Time) await RepeatAsync(lane, roundTrip, 1, samples);
    }

    private static async ValueTask RepeatAsync(int lane, Func<int, ValueTask> roundTrip, int count, List<long> samples)
    {
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await roundTrip(lane);
            samples.Add(Stopwatch.GetTimestamp() - start);
        }
    }

    private static double Microseconds(long ticks) => Math.Round(ticks * 1e6 / Stopwatch.Frequency, 1);
}
