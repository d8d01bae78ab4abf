using System.Globalization;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests.Soak;

/// <summary>One figure of the samples, and how much more it may be at the end than at the beginning.</summary>
/// <param name="Name">With its unit.</param>
/// <param name="Of">The figure of a sample; null: this sample has none.</param>
/// <param name="RatioMax">Median of the last third by that of the first, at most; infinite: only shown.</param>
/// <param name="Slack">What is allowed on top, in the figure's unit.</param>
internal sealed record SoakFigure(string Name, Func<SoakSample, double?> Of, double RatioMax, double Slack)
{
    private const double MiB = 1 << 20;
    private const double MemoryRatioMax = 1.3, MemorySlackMiB = 64;
    private const double DescriptorsSlack = 16, ThreadsSlack = 8;
    private const double SpaceRatioMax = 1.1, SpaceSlackMiB = 24;   // a promised slab, and segments that are open
    private const double TablesRatioMax = 1.1, TablesSlackMiB = 8;
    private const double InodesRatioMax = 1.1, InodesSlack = 64;    // the strands hold 40 at most, of 800
    private const double LagRatioMax = 1.5, LagSlackMiB = 16;
    private const double LatencyRatioMax = 1.5, LatencySlackMicroseconds = 50;

    /// <summary>Space that was freed is reusable after three rounds of five seconds: no life of the short run is as
    /// long. That all of it comes back is asked at the end.</summary>
    private const double ShortSpaceRatioMax = double.PositiveInfinity;

    /// <summary>Lives of a few seconds on a busy machine: half a dozen samples are mostly noise.</summary>
    private const double ShortLatencyRatioMax = 5, ShortLatencySlackMicroseconds = 2000;

    /// <summary>All that is followed.</summary>
    public static IReadOnlyList<SoakFigure> All(SoakPlan plan) =>
    [
        new("daemon MiB", s => s.Daemon.AnonymousBytes / MiB, MemoryRatioMax, MemorySlackMiB),
        new("daemon descriptors", s => s.Daemon.Descriptors, 1, DescriptorsSlack),
        new("daemon threads", s => s.Daemon.Threads, 1, ThreadsSlack),
        new("2nd mount MiB", s => s.Mount.AnonymousBytes / MiB, MemoryRatioMax, MemorySlackMiB),
        new("2nd mount descriptors", s => s.Mount.Descriptors, 1, DescriptorsSlack),
        new("2nd mount threads", s => s.Mount.Threads, 1, ThreadsSlack),
        new("log lag MiB", s => s.Store.LagBytes / MiB, LagRatioMax, LagSlackMiB),
        new("used MiB", s => s.Store.UsedBytes / MiB, plan.IsLong ? SpaceRatioMax : ShortSpaceRatioMax, SpaceSlackMiB),
        new("used inodes", s => s.Store.UsedInodes, InodesRatioMax, InodesSlack),
        new("device MiB", s => s.Store.DeviceBytes / MiB, 1, 0),
        new("meta.db MiB", s => s.Store.TableBytes / MiB, TablesRatioMax, TablesSlackMiB),
        .. Enum.GetValues<SoakOperation>().SelectMany(operation => Latencies(operation, plan)),
    ];

    /// <summary>Medians of the first and the last third of the lives, without those of the warm-up.</summary>
    public Change Compare(IReadOnlyList<SoakSample> samples, SoakPlan plan)
    {
        var third = Math.Max((plan.Lives - plan.WarmUpLives) / 3, 1);
        return new(
            MedianOf(samples.Where(s => s.Life >= plan.WarmUpLives && s.Life < plan.WarmUpLives + third)),
            MedianOf(samples.Where(s => s.Life >= plan.Lives - third)));
    }

    private double MedianOf(IEnumerable<SoakSample> samples) => Change.Median(samples.Select(Of).OfType<double>());

    private static IEnumerable<SoakFigure> Latencies(SoakOperation operation, SoakPlan plan)
    {
        var name = operation.ToString().ToLower(CultureInfo.InvariantCulture);
        var (ratio, slack) = plan.IsLong
            ? (LatencyRatioMax, LatencySlackMicroseconds)
            : (ShortLatencyRatioMax, ShortLatencySlackMicroseconds);
        yield return new(
            $"{name} p50 µs", s => s.Latencies[(int)operation] is { Count: > 0 } some ? some.P50 : null, ratio, slack);
        // The tail is shown, not bound: kills fall into it, and whoever else has the machine.
        yield return new(
            $"{name} p99 µs", s => s.Latencies[(int)operation] is { Count: > 0 } some ? some.P99 : null,
            double.PositiveInfinity, 0);
    }
}
