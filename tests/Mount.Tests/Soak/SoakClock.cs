using System.Diagnostics;
using ClaudeFs.Cli.Bench;

namespace ClaudeFs.Mount.Tests.Soak;

/// <summary>What the load does. Listing and look are of a directory of a worker on the other mount.</summary>
internal enum SoakOperation
{
    Create,
    Write,
    Fsync,
    Read,
    Rename,
    Unlink,
    List,
    Peer,
}

/// <summary>Latencies of one kind of operation since the last sample, µs.</summary>
internal sealed record SoakLatency(int Count, double P50, double P99);

/// <summary>Gathers latencies of all workers. Thread-safe.</summary>
internal sealed class SoakClock
{
    private const int Capacity = 4096;
    private readonly Lock _lock = new();
    private LatencyRecorder[] _recorders = Fresh();

    public void Add(SoakOperation operation, long started)
    {
        var nanoseconds = (long)Stopwatch.GetElapsedTime(started).TotalNanoseconds;
        lock (_lock) _recorders[(int)operation].Add(nanoseconds);
    }

    /// <summary>What was gathered since the last call, one for each <see cref="SoakOperation"/>.</summary>
    public SoakLatency[] Take()
    {
        LatencyRecorder[] taken;
        lock (_lock) (taken, _recorders) = (_recorders, Fresh());
        return [.. taken.Select(one => new SoakLatency(one.Count, one.Percentile(0.5), one.Percentile(0.99)))];
    }

    private static LatencyRecorder[] Fresh() =>
        [.. Enum.GetValues<SoakOperation>().Select(_ => new LatencyRecorder(Capacity))];
}
