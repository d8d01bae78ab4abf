using System.Globalization;
using System.Text;

namespace ClaudeFs.Mount.Tests.Soak;

/// <summary>The samples of a soak, as a table for people and as comma-separated values.</summary>
internal static class SoakReport
{
    /// <summary>
    /// A row a figure: medians of the first and the last third, the bound, and whether it held; then the medians of
    /// each life.
    /// </summary>
    public static string Table(IReadOnlyList<SoakSample> samples, SoakPlan plan)
    {
        var text = new StringBuilder("figure                  first third   last third   at most\n");
        foreach (var figure in SoakFigure.All(plan))
        {
            var change = figure.Compare(samples, plan);
            var most = (change.First * figure.RatioMax) + figure.Slack;
            text.Append(CultureInfo.InvariantCulture,
                $"{figure.Name,-22} {change.First,12:0.0} {change.Last,12:0.0} {Show(most),9}");
            text.Append(change.IsWithin(figure.RatioMax, figure.Slack) ? "\n" : "   EXCEEDED\n");
        }

        text.Append(
            "\nlife  daemon MiB  mount MiB  used MiB  inodes  meta.db MiB  lag MiB  operations  fsync p50 µs\n");
        foreach (var life in samples.GroupBy(sample => sample.Life))
        {
            var last = life.Last();
            text.Append(CultureInfo.InvariantCulture,
                $"{life.Key,4}  {MiB(last.Daemon.AnonymousBytes),10:0.0}  {MiB(last.Mount.AnonymousBytes),9:0.0}  "
                + $"{MiB(last.Store.UsedBytes),8:0.0}  {last.Store.UsedInodes,6}  {MiB(last.Store.TableBytes),11:0.0}  "
                + $"{MiB(last.Store.LagBytes),7:0.0}  {life.Sum(s => s.Latencies.Sum(one => one.Count)),10}  "
                + $"{last.Latencies[(int)SoakOperation.Fsync].P50,12:0}\n");
        }
        return text.ToString();
    }

    /// <summary>A line a sample, a column a figure.</summary>
    public static string Values(IReadOnlyList<SoakSample> samples, SoakPlan plan)
    {
        var figures = SoakFigure.All(plan);
        var text = new StringBuilder("life,number,");
        text.AppendJoin(',', figures.Select(figure => figure.Name)).Append('\n');
        foreach (var sample in samples)
        {
            text.Append(CultureInfo.InvariantCulture, $"{sample.Life},{sample.Number},").AppendJoin(
                ',', figures.Select(figure => figure.Of(sample)?.ToString("0.##", CultureInfo.InvariantCulture)))
                .Append('\n');
        }
        return text.ToString();
    }

    private static string Show(double most) =>
        double.IsInfinity(most) ? "" : most.ToString("0.0", CultureInfo.InvariantCulture);

    private static double MiB(long bytes) => bytes / (double)(1 << 20);
}
