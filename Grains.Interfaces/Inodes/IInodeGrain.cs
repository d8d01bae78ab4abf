using System.Collections.Immutable;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains;

/// <summary>
/// One extent row: an aligned 1 MiB of a file. Pieces ascend, do not overlap; what they leave out is a hole.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.inode.extent")]
public sealed record Extent(uint Index, ImmutableArray<ExtentPiece> Pieces);

/// <summary>
/// A range of a file's map.
/// </summary>
/// <param name="Attributes">As of the same moment.</param>
/// <param name="Inline">
/// The content, when the file lives inline; else null. Shorter than the size after a truncation that grew it: the rest
/// is zeros.
/// </param>
/// <param name="Extents">Extents with at least one piece in the asked range, ascending.</param>
/// <param name="NextIndex">The first extent with pieces after the answer, or null at the end: for SEEK_DATA
/// too.</param>
[GenerateSerializer, Immutable, Alias("fs.inode.map")]
public sealed record FileMap(
    InodeAttributes Attributes, byte[]? Inline, ImmutableArray<Extent> Extents, uint? NextIndex);

/// <summary>
/// New content of a file. Either <paramref name="Inline"/> (the whole content, at most 4 KiB) or pieces; a file that
/// grows past 4 KiB sends its whole content as pieces, and the grain drops the inline row in the same commit.
/// </summary>
/// <param name="Inline">Whole content or null.</param>
/// <param name="Updates">
/// At most 64 extents, ascending, with the pieces that replace what they cover, holes included. Pieces begin and end at
/// multiples of 4 KiB; the last of the file may end at or after its end.
/// </param>
/// <param name="SizeBytes">New size; at least the end of what was written. Shrinking goes through
/// SetAttributes.</param>
/// <param name="Mtime">Time of the last write by the lease holder's corrected clock; the grain never goes back.</param>
/// <param name="KillPrivileges">Clear set-id bits (the writer was not root).</param>
/// <param name="OldestPin">Garbage epoch in which the oldest of the new pieces was put; refused when too old:
/// EAGAIN.</param>
[GenerateSerializer, Immutable, Alias("fs.inode.write")]
public sealed record WriteRequest(
    byte[]? Inline, ImmutableArray<Extent> Updates, ulong SizeBytes, Stamp Mtime, bool KillPrivileges, ulong OldestPin)
{
    /// <summary>
    /// Mode, owner and times that the holder kept locally, set after the content in the same commit (tar, cp -p). Size
    /// and KillPrivileges mean nothing here; mask None changes nothing.
    /// </summary>
    [Id(6)]
    public AttributesChange Also { get; init; }
}

/// <summary>fallocate's modes that are served. Source: uapi/linux/falloc.h.</summary>
[Flags]
public enum AllocateMode
{
    /// <summary>Preallocate; the file grows to the end of the range.</summary>
    Allocate = 0,

    /// <summary>FALLOC_FL_KEEP_SIZE: the size stays.</summary>
    KeepSize = 1,

    /// <summary>FALLOC_FL_PUNCH_HOLE, only with KeepSize: the range becomes a hole.</summary>
    PunchHole = 2,

    /// <summary>FALLOC_FL_ZERO_RANGE: the range is allocated and reads as zeros.</summary>
    ZeroRange = 16,
}

/// <summary>
/// One file, symlink or device node: attributes, content map, extended attributes, leases.
/// Grain key: the <see cref="InodeId"/>.
/// </summary>
[Alias("fs.inode")]
public interface IInodeGrain : IInodeOperations, IGrainWithIntegerKey
{
    /// <summary>
    /// The map of extents [<paramref name="firstExtent"/>, + <paramref name="count"/>), at most 64 of them.
    /// Waits for others' write leases to be given back only when the session holds no lease. Errors: ESTALE, EISDIR.
    /// </summary>
    [Alias("GetMap")]
    ValueTask<FsResult<FileMap>> GetMapAsync(SessionId session, uint firstExtent, uint count);

    /// <summary>
    /// Commits written content. The session holds the write lease, or every other holder's lease is recalled first.
    /// Errors: ESTALE, EFBIG, EDQUOT, ENOSPC, EROFS, EAGAIN (pins too old: put the pieces again).
    /// </summary>
    [Alias("Write")]
    ValueTask<FsResult<AttributesReply>> WriteAsync(OperationContext op, WriteRequest request);

    /// <summary>
    /// fallocate: preallocates (unwritten pieces), punches (whole ranges become holes) or zeroes. Ranges in bytes; the
    /// client writes zeros over the unaligned edges (4 KiB) itself before. Errors: EFBIG, EINVAL, EDQUOT, ENOSPC,
    /// EOPNOTSUPP.
    /// </summary>
    [Alias("Allocate")]
    ValueTask<FsResult<AttributesReply>> AllocateAsync(
        OperationContext op, AllocateMode mode, ulong offset, ulong length);

    /// <summary>
    /// Asks for growth by <paramref name="bytes"/> to be charged later without refusal (quota). The session may
    /// ask again; what it did not use goes back with its lease. Errors: EDQUOT, ENOSPC, ESTALE.
    /// </summary>
    [Alias("Reserve")]
    ValueTask<FsResult<Nothing>> ReserveAsync(SessionId session, ulong bytes);

    /// <summary>Target of a symlink. Errors: EINVAL, ESTALE.</summary>
    [Alias("ReadLink")]
    ValueTask<FsResult<byte[]>> ReadLinkAsync(SessionId session);
}
