using System.Diagnostics.Metrics;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Counters of one mount, updated without allocation or locks and read by the meter "ClaudeFs.Fuse":
/// claudefs.fuse.operations, claudefs.fuse.errors, claudefs.fuse.io, claudefs.fuse.pending, claudefs.fuse.inodes,
/// claudefs.fuse.duration.
/// </summary>
internal sealed class FuseInstruments : IDisposable
{
    private const int OpcodeCount = 64;
    private const int BucketCount = 40; // powers of two of nanoseconds: up to 18 minutes
    private static readonly string[] OpcodeNames =
        [.. Enumerable.Range(0, OpcodeCount).Select(number => ((FuseOpcode)number).ToString().ToUpperInvariant())];

    private readonly Meter _meter = new("ClaudeFs.Fuse");
    private readonly Histogram<double> _duration;
    private readonly FuseSession _session;
    private readonly long[] _counts = new long[OpcodeCount];
    private readonly long[] _errors = new long[OpcodeCount];
    private readonly long[] _buckets = new long[OpcodeCount * BucketCount];
    private long _bytesRead;
    private long _bytesWritten;
    private long _unusualErrors;

    internal FuseInstruments(FuseSession session)
    {
        _session = session;
        _meter.CreateObservableCounter("claudefs.fuse.operations", () => Observe(_counts), "{operation}");
        _meter.CreateObservableCounter("claudefs.fuse.errors", () => Observe(_errors), "{error}");
        _meter.CreateObservableCounter("claudefs.fuse.io", ObserveBytes, "By");
        _meter.CreateObservableGauge("claudefs.fuse.pending", () => _session.Pending.Count, "{operation}");
        _meter.CreateObservableGauge("claudefs.fuse.inodes", () => _session.Nodes.Count, "{inode}");
        _duration = _meter.CreateHistogram<double>("claudefs.fuse.duration", "s");
    }

    /// <summary>Counts an answered request.</summary>
    internal void Record(FuseRequest request)
    {
        var opcode = (uint)request.Opcode < OpcodeCount ? (int)request.Opcode : 0;
        Interlocked.Increment(ref _counts[opcode]);
        if (request.AnsweredErrno != 0) RecordError(opcode, (FsError)request.AnsweredErrno);
        if (request.DataBytes != 0)
        {
            Interlocked.Add(
                ref request.Opcode == FuseOpcode.Read ? ref _bytesRead : ref _bytesWritten, request.DataBytes);
        }

        var elapsed = _session.Time.GetElapsedTime(request.StartedAt);
        var bucket = Math.Min(BucketCount - 1, (int)ulong.Log2((ulong)elapsed.TotalNanoseconds | 1));
        Interlocked.Increment(ref _buckets[opcode * BucketCount + bucket]);
        if (_duration.Enabled) _duration.Record(
            elapsed.TotalSeconds, new KeyValuePair<string, object?>("opcode", OpcodeNames[opcode]));
    }

    internal FuseStatistics Snapshot()
    {
        long operations = 0;
        for (var opcode = 0; opcode < OpcodeCount; opcode++)
        {
            if (!IsHousekeeping((FuseOpcode)opcode)) operations += Volatile.Read(ref _counts[opcode]);
        }

        return new(
            _session.Time.GetTimestamp(), operations, Volatile.Read(ref _unusualErrors), Volatile.Read(ref _bytesRead),
            Volatile.Read(ref _bytesWritten), _session.Pending.Count, _session.Nodes.Count);
    }

    internal IReadOnlyList<FuseOpcodeStatistics> SnapshotByOpcode()
    {
        var rows = new List<FuseOpcodeStatistics>();
        for (var opcode = 0; opcode < OpcodeCount; opcode++)
        {
            var count = Volatile.Read(ref _counts[opcode]);
            if (count == 0) continue;
            rows.Add(new(OpcodeNames[opcode], count, Volatile.Read(ref _errors[opcode]),
                PercentileMicroseconds(opcode, 0.5), PercentileMicroseconds(opcode, 0.99)));
        }

        return rows;
    }

    public void Dispose() => _meter.Dispose();

    private static bool IsHousekeeping(FuseOpcode opcode) =>
        opcode is FuseOpcode.Forget or FuseOpcode.BatchForget or FuseOpcode.Interrupt or FuseOpcode.Init;

    private void RecordError(int opcode, FsError error)
    {
        Interlocked.Increment(ref _errors[opcode]);
        if (error is not (FsError.ENOENT or FsError.ENODATA or FsError.ERANGE or FsError.EEXIST))
        {
            Interlocked.Increment(ref _unusualErrors);
        }
    }

    private double PercentileMicroseconds(int opcode, double share)
    {
        var buckets = _buckets.AsSpan(opcode * BucketCount, BucketCount);
        long total = 0;
        foreach (var count in buckets) total += count;
        var wanted = (long)Math.Ceiling(total * share);
        long seen = 0;
        for (var bucket = 0; bucket < BucketCount; bucket++)
        {
            seen += buckets[bucket];
            if (seen >= wanted) return (2UL << bucket) / 1000.0;
        }

        return (2UL << (BucketCount - 1)) / 1000.0;
    }

    private static IEnumerable<Measurement<long>> Observe(long[] counters)
    {
        for (var opcode = 0; opcode < OpcodeCount; opcode++)
        {
            var count = Volatile.Read(ref counters[opcode]);
            if (count != 0) yield return new(count, new KeyValuePair<string, object?>("opcode", OpcodeNames[opcode]));
        }
    }

    private IEnumerable<Measurement<long>> ObserveBytes() =>
    [
        new(Volatile.Read(ref _bytesRead), new KeyValuePair<string, object?>("direction", "read")),
        new(Volatile.Read(ref _bytesWritten), new KeyValuePair<string, object?>("direction", "write")),
    ];
}
