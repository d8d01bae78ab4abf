using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Bytes to store. A chunk has a fingerprint; a located write has none and at most 4 KiB.</summary>
/// <param name="Bytes">What to store, already coded; borrowed until the put completes.</param>
/// <param name="Checksum">CRC32C of <paramref name="Bytes"/>, computed by the writer: the end-to-end check.</param>
/// <param name="Fingerprint">Name of the chunk; zero for a located write.</param>
/// <param name="Codec">How the bytes are coded; 0 is none.</param>
public readonly record struct BlockWrite(
    ReadOnlyMemory<byte> Bytes, uint Checksum, Fingerprint Fingerprint, byte Codec)
{
    /// <summary>What it takes of the store: whole blocks, bytes.</summary>
    public int SpaceBytes => SegmentItem.SpaceOf((uint)Bytes.Length);
}

/// <summary>Where a put went, and the garbage epoch that pins it until its commit.</summary>
public readonly record struct PutReply(ulong GarbageEpoch);

/// <summary>Space of a block store, bytes.</summary>
/// <param name="CapacityBytes">What the store may grow to, for data.</param>
/// <param name="UsedBytes">Held by live or pinned data, and by what is not reusable yet.</param>
/// <param name="ReservedBytes">Promised to writers.</param>
public readonly record struct StoreSpace(long CapacityBytes, long UsedBytes, long ReservedBytes);

/// <summary>
/// The block store as writers and readers see it, local or over RPC. Thread-safe; all errors that can be answered are
/// values.
/// </summary>
public interface IBlockClient
{
    /// <summary>
    /// Stores a batch; <paramref name="locations"/> takes one location an item. On completion the bytes are written,
    /// and durable with the next flush of the log in the same device, or durable already where log and data do not
    /// share a device. Errors: ENOSPC, EBADMSG (checksum differs from the bytes), EINVAL (size), EIO, EROFS.
    /// </summary>
    ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken);

    /// <summary>
    /// Reads the stored bytes of one location whole into <paramref name="destination"/> (its length is the stored
    /// length) and verifies them. Errors: EIO (unreadable, or checksum wrong: reported and counted), ESTALE (no such
    /// location).
    /// </summary>
    ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Promises space to this client for later puts, or gives some back (negative). Errors: ENOSPC.</summary>
    ValueTask<FsResult<Nothing>> ReserveAsync(long bytes, CancellationToken cancellationToken);

    /// <summary>Present space. Errors: EIO.</summary>
    ValueTask<FsResult<StoreSpace>> GetSpaceAsync(CancellationToken cancellationToken);
}
