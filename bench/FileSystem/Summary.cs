using ClaudeFs.Cli.Bench;

namespace ClaudeFs.Bench.FileSystem;

/// <summary>Medians of one phase on the three file systems, and ratios.</summary>
internal sealed record PhaseSummary(
    string Phase, int Threads, double LocalPerSecond, double NullPerSecond, double ClaudeFsPerSecond,
    double RatioToLocal, double RatioToNull, double ClaudeFsMegabytesPerSecond, double LocalP50Microseconds,
    double NullP50Microseconds, double ClaudeFsP50Microseconds, double ClaudeFsP99Microseconds);

/// <summary>One floor of docs/performance.md: what was asked, what was measured, and what the null daemon
/// reaches.</summary>
internal sealed record Floor(string Name, double Bound, double Measured, double OfNull, bool IsMet);

/// <summary>What a run of the benchmark prints.</summary>
internal sealed record Summary(
    IReadOnlyList<PhaseSummary> Phases, double TarSecondsLocal, double TarSecondsNull, double TarSecondsClaudeFs,
    IReadOnlyList<Floor> Floors)
{
    public static Summary Of(List<PhaseResult> results, List<(string Target, double Seconds)> trees)
    {
        var phases = results.GroupBy(r => (r.Phase, r.Threads))
            .Select(g => Combine(g.Key.Phase, g.Key.Threads, [.. g])).ToList();
        var local = Median(trees.Where(t => t.Target == "local").Select(t => t.Seconds));
        var empty = Median(trees.Where(t => t.Target == "null").Select(t => t.Seconds));
        var claude = Median(trees.Where(t => t.Target == "claudefs").Select(t => t.Seconds));
        PhaseSummary Find(string phase, int threads) => phases.Single(p => p.Phase == phase && p.Threads == threads);
        var sync = Find("write 4k + fsync", 1);
        var create = Find("create", 8);
        return new(phases, local, empty, claude,
        [
            AtLeast("create/s, 8 threads", 4000, create.ClaudeFsPerSecond, create.NullPerSecond),
            AtLeast("stat within the attribute time, x local", 0.8, Find("stat", 1)),
            AtLeast("sequential write + fsync, x local", 0.4, Find("seq write 1m + fsync", 1)),
            AtLeast("sequential read cold, x local", 0.4, Find("seq read 1m cold", 1)),
            AtLeast("sequential read warm, x local", 0.4, Find("seq read 1m warm", 1)),
            AtMost(
                "4 KiB write + fsync, p50 x local", 2.5, sync.ClaudeFsP50Microseconds / sync.LocalP50Microseconds,
                sync.NullP50Microseconds / sync.LocalP50Microseconds),
            AtMost("tar x, time x local", 5, claude / local, empty / local),
        ]);
    }

    private static PhaseSummary Combine(string phase, int threads, PhaseResult[] results)
    {
        double Of(string target, Func<PhaseResult, double> figure) =>
            Median(results.Where(r => r.Target == target).Select(figure));
        var local = Of("local", r => r.PerSecond);
        var empty = Of("null", r => r.PerSecond);
        var claude = Of("claudefs", r => r.PerSecond);
        return new(phase, threads, local, empty, claude, claude / local, claude / empty,
            Of("claudefs", r => r.MegabytesPerSecond), Of("local", r => r.P50Microseconds),
            Of("null", r => r.P50Microseconds), Of("claudefs", r => r.P50Microseconds),
            Of("claudefs", r => r.P99Microseconds));
    }

    private static Floor AtLeast(string name, double bound, PhaseSummary phase) =>
        AtLeast(name, bound, phase.RatioToLocal, phase.NullPerSecond / phase.LocalPerSecond);

    private static Floor AtLeast(string name, double bound, double measured, double ofNull) =>
        new(name, bound, measured, ofNull, measured >= bound);

    private static Floor AtMost(string name, double bound, double measured, double ofNull) =>
        new(name, bound, measured, ofNull, measured <= bound);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[sorted.Count / 2];
    }
}
