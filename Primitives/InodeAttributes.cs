using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>What stat shows of an inode.</summary>
/// <param name="Inode">Its number.</param>
/// <param name="Generation">Tells apart inodes of different incarnations of a restored file system.</param>
/// <param name="Mode">Type and permission bits, see <see cref="FileMode"/>.</param>
/// <param name="Nlink">Hard links; 2 + subdirectories for a directory; 0 when unlinked but open.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="Rdev">Device number of a device node, as FUSE encodes it.</param>
/// <param name="SizeBytes">Length; for a directory the count of entries.</param>
/// <param name="AllocatedBytes">Bytes that are not holes.</param>
/// <param name="Atime">Last read.</param>
/// <param name="Mtime">Last change of content.</param>
/// <param name="Ctime">Last change of anything.</param>
/// <param name="Btime">Birth.</param>
/// <param name="ChangeCounter">Grows with every change.</param>
[GenerateSerializer, Immutable, Alias("fs.attributes")]
public readonly record struct InodeAttributes(
    InodeId Inode, ulong Generation, uint Mode, uint Nlink, uint Uid, uint Gid, uint Rdev, ulong SizeBytes,
    ulong AllocatedBytes, Stamp Atime, Stamp Mtime, Stamp Ctime, Stamp Btime, ulong ChangeCounter)
{
    public bool IsDirectory => FileMode.IsDirectory(Mode);
    public bool IsRegular => FileMode.IsRegular(Mode);
}
