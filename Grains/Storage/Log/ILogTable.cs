using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>How an append ended.</summary>
public enum AppendOutcome
{
    /// <summary>It is on stable storage.</summary>
    Committed,

    /// <summary>A shard's epoch has moved: nothing was written.</summary>
    Fenced,

    /// <summary>Writing or flushing failed: it may be there after a restart or not.</summary>
    Unknown,
}

/// <summary>Where the log begins: the first append that is kept, and its position.</summary>
public readonly record struct LogTail(ulong Append, long Position);

/// <summary>What a scan of the log found.</summary>
/// <param name="LastAppend">The last append that counts; one less than the tail's when there is none.</param>
/// <param name="EndPosition">Where the next append goes.</param>
/// <param name="Damage">Not null: a record is bad although later ones are there, file and offset named.</param>
/// <param name="CutReason">Not null: the last append was not whole, and why; it never was acknowledged.</param>
public sealed record LogScan(ulong LastAppend, long EndPosition, string? Damage, string? CutReason);

/// <summary>
/// The log: appends in dense order, each whole or not there. One append at a time. Scanned once, before the first
/// append.
/// </summary>
public interface ILogTable : IAsyncDisposable
{
    /// <summary>Name for messages: the path of the file.</summary>
    string Name { get; }

    long CapacityBytes { get; }

    /// <summary>The last append written or found; 0 for none.</summary>
    ulong LastAppend { get; }

    /// <summary>Where the next append goes.</summary>
    long EndPosition { get; }

    /// <summary>Bytes from the tail to the end.</summary>
    long UsedBytes { get; }

    /// <summary>
    /// Reads every append from <paramref name="tail"/> on, in order, and gives it to <paramref name="visit"/>; the log
    /// then ends after the last one. The visitor answers false to end the log before the append that it was given,
    /// which is allowed for the last one only (its data did not verify). Faults: <see cref="FsException"/> when the
    /// device cannot be read.
    /// </summary>
    ValueTask<LogScan> ScanAsync(
        LogTail tail, Func<LogAppend, ValueTask<bool>> visit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes one append and makes it durable. Precondition: none is in flight, and <see cref="UsedBytes"/> leaves room
    /// for it. After <see cref="AppendOutcome.Unknown"/> the log takes no more; <paramref name="failure"/> hears why.
    /// </summary>
    ValueTask<AppendOutcome> AppendAsync(AppendBuffer append, Action<string> failure);

    /// <summary>What lies before <paramref name="tail"/> is needed by nobody any more.</summary>
    void Recycle(LogTail tail);
}
