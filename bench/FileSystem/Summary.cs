using ClaudeFs.Cli.Bench;

namespace ClaudeFs.Bench.FileSystem;

/// <summary>Medians of one phase on the three file systems, and ratios.</summary>
internal sealed record PhaseSummary(
    string Phase, int Threads, double LocalPerSecond, double? NullPerSecond, double ClaudeFsPerSecond,
    double RatioToLocal, double ClaudeFsMegabytesPerSecond, double LocalP50Microseconds, double ClaudeFsP50Microseconds,
    double ClaudeFsP99Microseconds);

/// <summary>One floor of docs/performance.md: what was asked, what was measured.</summary>
internal sealed record Floor(string Name, double Bound, double Measured, bool IsMet);

/// <summary>What a run of the benchmark prints.</summary>
internal sealed record Summary(
    IReadOnlyList<PhaseSummary> Phases, double TarSecondsLocal, double TarSecondsClaudeFs, IReadOnlyList<Floor> Floors)
{
    public static Summary Of(List<PhaseResult> results, List<(string Target, double Seconds)> trees)
    {
        var phases = results.GroupBy(r => (r.Phase, r.Threads))
            .Select(g => Combine(g.Key.Phase, g.Key.Threads, [.. g])).ToList();
        var local = Median(trees.Where(t => t.Target == "local").Select(t => t.Seconds));
        var claude = Median(trees.Where(t => t.Target == "claudefs").Select(t => t.Seconds));
        PhaseSummary Find(string phase, int threads) => phases.Single(p => p.Phase == phase && p.Threads == threads);
        var sync = Find("write 4k + fsync", 1);
        return new(phases, local, claude,
        [
            AtLeast("create/s, 8 threads", 4000, Find("create", 8).ClaudeFsPerSecond),
            AtLeast("stat within the attribute time, x local", 0.8, Find("stat", 1).RatioToLocal),
            AtLeast("sequential write + fsync, x local", 0.4, Find("seq write 1m + fsync", 1).RatioToLocal),
            AtLeast("sequential read cold, x local", 0.4, Find("seq read 1m cold", 1).RatioToLocal),
            AtLeast("sequential read warm, x local", 0.4, Find("seq read 1m warm", 1).RatioToLocal),
            AtMost("4 KiB write + fsync, p50 x local", 2.5, sync.ClaudeFsP50Microseconds / sync.LocalP50Microseconds),
            AtMost("tar x, time x local", 5, claude / local),
        ]);
    }

    private static PhaseSummary Combine(string phase, int threads, PhaseResult[] results)
    {
        double? Of(string target, Func<PhaseResult, double> figure)
        {
            var values = results.Where(r => r.Target == target).Select(figure).ToList();
            return values.Count == 0 ? null : Median(values);
        }
        var local = Of("local", r => r.PerSecond)!.Value;
        var claude = Of("claudefs", r => r.PerSecond)!.Value;
        return new(phase, threads, local, Of("null", r => r.PerSecond), claude, claude / local,
            Of("claudefs", r => r.MegabytesPerSecond)!.Value, Of("local", r => r.P50Microseconds)!.Value,
            Of("claudefs", r => r.P50Microseconds)!.Value, Of("claudefs", r => r.P99Microseconds)!.Value);
    }

    private static Floor AtLeast(string name, double bound, double measured) =>
        new(name, bound, measured, measured >= bound);

    private static Floor AtMost(string name, double bound, double measured) =>
        new(name, bound, measured, measured <= bound);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 0 : sorted[sorted.Count / 2];
    }
}
