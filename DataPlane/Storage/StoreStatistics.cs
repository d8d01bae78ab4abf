namespace ClaudeFs.DataPlane.Storage;

/// <summary>What a block store holds, and what it did since its start.</summary>
/// <param name="Space">Capacity, used and reserved bytes.</param>
/// <param name="IdleBytes">The part of what is used that nothing refers to: pinned, or garbage not reusable
/// yet.</param>
/// <param name="Places">2 MiB frames that the device has now.</param>
/// <param name="FreePlaces">Those that hold nothing.</param>
/// <param name="Segments">Segments with live items.</param>
/// <param name="PutItems">Items stored.</param>
/// <param name="PutBytes">Bytes written for them.</param>
/// <param name="ReadItems">Items read.</param>
/// <param name="ReadBytes">Their bytes.</param>
/// <param name="ReadFaults">Reads that the device failed.</param>
/// <param name="ChecksumFaults">Reads whose bytes were not what was stored.</param>
/// <param name="FeedAnomalies">Reference changes that did not fit; each is in the log.</param>
/// <param name="MovedItems">Items that compaction moved.</param>
/// <param name="MovedBytes">Their bytes.</param>
/// <param name="EmptiedSegments">Segments that compaction emptied.</param>
/// <param name="ReclaimedBytes">Bytes of garbage given back.</param>
public readonly record struct StoreStatistics(
    StoreSpace Space, long IdleBytes, int Places, int FreePlaces, int Segments, long PutItems, long PutBytes,
    long ReadItems, long ReadBytes, long ReadFaults, long ChecksumFaults, long FeedAnomalies, long MovedItems,
    long MovedBytes, long EmptiedSegments, long ReclaimedBytes);

/// <summary>Counts; thread-safe.</summary>
internal sealed class StoreCounters
{
    private long _putItems;
    private long _putBytes;
    private long _readItems;
    private long _readBytes;
    private long _readFaults;
    private long _checksumFaults;
    private long _feedAnomalies;
    private long _movedItems;
    private long _movedBytes;
    private long _emptiedSegments;

    public void AddPut(int items, long bytes)
    {
        Interlocked.Add(ref _putItems, items);
        Interlocked.Add(ref _putBytes, bytes);
    }

    public void AddRead(long bytes)
    {
        Interlocked.Increment(ref _readItems);
        Interlocked.Add(ref _readBytes, bytes);
    }

    public void AddReadFault() => Interlocked.Increment(ref _readFaults);

    public void AddChecksumFault() => Interlocked.Increment(ref _checksumFaults);

    public void AddFeedAnomaly() => Interlocked.Increment(ref _feedAnomalies);

    public void AddMoved(int items, long bytes)
    {
        Interlocked.Add(ref _movedItems, items);
        Interlocked.Add(ref _movedBytes, bytes);
    }

    public void AddEmptied() => Interlocked.Increment(ref _emptiedSegments);

    public StoreStatistics Snapshot(
        StoreSpace space, long idleBytes, long reclaimedBytes, int places, int freePlaces, int segments) => new(
        space, idleBytes, places, freePlaces, segments, Volatile.Read(ref _putItems), Volatile.Read(ref _putBytes),
        Volatile.Read(ref _readItems), Volatile.Read(ref _readBytes), Volatile.Read(ref _readFaults),
        Volatile.Read(ref _checksumFaults), Volatile.Read(ref _feedAnomalies), Volatile.Read(ref _movedItems),
        Volatile.Read(ref _movedBytes), Volatile.Read(ref _emptiedSegments), reclaimedBytes);
}
