namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>A figure at the beginning and at the end of a long run: medians.</summary>
internal readonly record struct Change(double First, double Last)
{
    /// <summary>
    /// Whether the end is at most <paramref name="ratio"/> times the beginning and <paramref name="slack"/> more.
    /// </summary>
    public bool IsWithin(double ratio, double slack) =>
        double.IsInfinity(ratio) || Last <= (First * ratio) + slack;

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? 0 : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
