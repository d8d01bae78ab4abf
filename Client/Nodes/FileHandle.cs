using ClaudeFs.Client.Content;

namespace ClaudeFs.Client.Nodes;

/// <summary>One open file: pins its inode, remembers which lost write it has reported and how it reads.</summary>
internal sealed class FileHandle(ulong id, CachedInode inode, int openFlags)
{
    /// <summary>Its number; never 0.</summary>
    public ulong Id { get; } = id;

    /// <summary>Which inode, pinned.</summary>
    public CachedInode Inode { get; } = inode;

    /// <summary>open(2)'s flags.</summary>
    public int OpenFlags { get; } = openFlags;

    /// <summary>Failures reported; guarded by the inode's lock.</summary>
    public ulong SeenErrorCount { get; set; }

    /// <summary>Where it reads, for read-ahead.</summary>
    public ReadAhead ReadAhead { get; } = new();
}
