using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Devices;

/// <summary>
/// A storage device, or a region of one: addressed in bytes, written in whole blocks, durable only after a flush.
/// Writes that no flush has followed may be lost, reordered or torn at 512 bytes by a power cut. Thread-safe.
/// A failed or short transfer throws <see cref="FsException"/> with EIO (or ENOSPC); outcome of a failed write or
/// flush is unknown.
/// </summary>
public interface IBlockDevice : IAsyncDisposable
{
    /// <summary>Name for messages: the path of the file.</summary>
    string Name { get; }

    /// <summary>Present size in bytes, a multiple of <see cref="BlockBytes"/>.</summary>
    long SizeBytes { get; }

    /// <summary>Offsets, lengths and buffer addresses are multiples of this (4096).</summary>
    int BlockBytes { get; }

    /// <summary>
    /// Fills <paramref name="destination"/>, borrowed until completion and aligned (see AlignedMemory).
    /// </summary>
    ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default);

    /// <summary>Writes all of <paramref name="source"/>, borrowed until completion and aligned.</summary>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default);

    /// <summary>
    /// All writes that completed before the call are on stable storage when it completes (fdatasync).
    /// </summary>
    ValueTask FlushAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Grows the device to <paramref name="sizeBytes"/> by written zeros. Errors: ENOSPC, as exception.
    /// </summary>
    ValueTask GrowAsync(
        long sizeBytes, IProgress<long>? progress = null, CancellationToken cancellationToken = default);
}
