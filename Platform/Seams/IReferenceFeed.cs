using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Seams;

/// <summary>A change of how often stored bytes are referenced by committed extents.</summary>
public readonly record struct ReferenceDelta(ChunkLocation Location, uint StoredBytes, uint Checksum, int Delta);

/// <summary>
/// Follows the committed log for its references: implemented by the block store, fed by the metadata store. The log is
/// recycled only up to what every follower holds durably.
/// </summary>
public interface IReferenceFeed
{
    /// <summary>Position in the log (append id) up to which counts are durable here; 0 before the first.</summary>
    ulong DurableCursor { get; }

    /// <summary>
    /// Why a flush of the follower's device failed; null when none has. What was written before may never become
    /// durable, whatever a later flush says: nothing that names it may be acknowledged any more.
    /// </summary>
    string? Failure => null;

    /// <summary>
    /// Applies the deltas of all appends after the last call's <paramref name="cursor"/> up to this one; a repeated
    /// cursor (replay after a crash) is applied once. Counts and cursor are stored together, at some later time.
    /// </summary>
    void Apply(ulong cursor, Stamp stamp, ReadOnlySpan<ReferenceDelta> deltas);

    /// <summary>Completes when counts are durable up to the last applied cursor.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken = default);
}

/// <summary>
/// Tells at replay whether the bytes behind a location are what an extent says: the data half of "one flush".
/// </summary>
public interface IStoredDataVerifier
{
    ValueTask<bool> VerifyAsync(ChunkLocation location, uint storedBytes, uint checksum,
        CancellationToken cancellationToken = default);
}

/// <summary>
/// The epoch of garbage collection: a commit names the oldest epoch in which one of its new chunks was pinned.
/// </summary>
public interface IGarbageEpochs
{
    ulong Current { get; }
}
