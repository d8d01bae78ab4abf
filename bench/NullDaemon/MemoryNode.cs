using ClaudeFs.Primitives;

namespace ClaudeFs.NullDaemon;

/// <summary>An inode in memory; guarded by its file system's lock.</summary>
internal sealed class MemoryNode(InodeId id, uint mode)
{
    public InodeId Id { get; } = id;
    public uint Mode { get; set; } = mode;
    public uint Nlink { get; set; } = FileMode.IsDirectory(mode) ? 2u : 1u;
    public uint Uid { get; set; }
    public uint Gid { get; set; }
    public uint Rdev { get; init; }
    public Stamp Atime { get; set; }
    public Stamp Mtime { get; set; }
    public Stamp Ctime { get; set; }
    public Stamp Btime { get; init; }
    public ReadOnlyMemory<byte> Target { get; init; }
    public InodeId Parent { get; set; }
    public MemoryDirectory? Entries { get; } = FileMode.IsDirectory(mode) ? new MemoryDirectory() : null;
    public MemoryContent Content { get; } = new();
    public SortedDictionary<string, byte[]>? Xattrs { get; set; }

    public InodeAttributes Attributes => new(
        Id, 1, Mode, Nlink, Uid, Gid, Rdev,
        Entries is not null ? (ulong)Entries.Count : FileMode.IsSymlink(Mode) ? (ulong)Target.Length
            : (ulong)Content.Length,
        (ulong)Content.AllocatedBytes, Atime, Mtime, Ctime, Btime, 0);
}
