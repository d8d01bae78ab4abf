using System.Diagnostics.Metrics;

namespace ClaudeFs.Silo.Scrub;

/// <summary>What scrubs tell of themselves; meter ClaudeFs.Silo. Read when somebody collects.</summary>
internal sealed class ScrubInstruments : IDisposable
{
    private readonly Meter _meter = new("ClaudeFs.Silo");

    /// <param name="read">Present state; called on the collector's thread.</param>
    /// <param name="readBytes">Bytes that earlier scrubs of this process have read.</param>
    public ScrubInstruments(Func<ScrubReport> read, Func<long> readBytes)
    {
        _meter.CreateObservableCounter(
            "claudefs.scrub.read", () => readBytes() + (read().Progress?.DoneBytes ?? 0), "By",
            "Bytes that scrubs have read since the start");
        _meter.CreateObservableGauge(
            "claudefs.scrub.running", () => read().Progress is null ? 0 : 1, "{scrub}", "Whether one runs");
        _meter.CreateObservableGauge(
            "claudefs.scrub.findings", () => Count(read()), "{finding}",
            "Found by the one that runs, or else by the last complete one");
        _meter.CreateObservableGauge(
            "claudefs.scrub.last", () => read().Last?.Ended.ToUnixTimeSeconds() ?? 0, "s",
            "When the last complete one ended, since 1970; 0 when there was none");
    }

    public void Dispose() => _meter.Dispose();

    private static int Count(ScrubReport report) => report.Progress?.FindingCount ?? report.Last?.FindingCount ?? 0;
}
