using System.Diagnostics.Metrics;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>
/// What a block store tells of itself; meter ClaudeFs.DataPlane. All but the latency of flushes is read from its
/// statistics when somebody collects.
/// </summary>
internal sealed class BlockStoreInstruments : IDisposable
{
    private readonly Meter _meter = new("ClaudeFs.DataPlane");
    private readonly Histogram<double> _flushes;

    /// <param name="read">Present statistics; called on the collector's thread.</param>
    public BlockStoreInstruments(Func<StoreStatistics> read)
    {
        Count("put.items", "{item}", "Items stored", () => read().PutItems);
        Count("put", "By", "Bytes written for them", () => read().PutBytes);
        Count("read.items", "{item}", "Items read", () => read().ReadItems);
        Count("read", "By", "Their bytes", () => read().ReadBytes);
        Count("read.faults", "{read}", "Reads that the device failed", () => read().ReadFaults);
        Count("checksum.faults", "{read}", "Reads of other bytes than were stored", () => read().ChecksumFaults);
        Count("compacted", "{segment}", "Segments that compaction emptied", () => read().EmptiedSegments);
        Count("moved", "By", "Bytes that compaction moved", () => read().MovedBytes);
        Count("reclaimed", "By", "Bytes of garbage given back", () => read().ReclaimedBytes);
        Show("space.capacity", "What the store may grow to, for data", () => read().Space.CapacityBytes);
        Show("space.used", "Live, pinned, or not reusable yet", () => read().Space.UsedBytes);
        Show("space.idle", "The used part that nothing refers to", () => read().IdleBytes);
        Show("space.reserved", "Promised to writers", () => read().Space.ReservedBytes);
        Show("space.free", "Neither used nor promised", () => FreeOf(read().Space));
        _flushes = _meter.CreateHistogram<double>(
            "claudefs.storage.flush.duration", "s", "Flushes of the device by the block store");
    }

    public void AddFlush(TimeSpan elapsed) => _flushes.Record(elapsed.TotalSeconds);

    public void Dispose() => _meter.Dispose();

    private static long FreeOf(in StoreSpace space) => space.CapacityBytes - space.UsedBytes - space.ReservedBytes;

    private void Count(string name, string unit, string description, Func<long> read) =>
        _meter.CreateObservableCounter($"claudefs.storage.{name}", read, unit, description);

    private void Show(string name, string description, Func<long> read) =>
        _meter.CreateObservableGauge($"claudefs.storage.{name}", read, "By", description);
}
