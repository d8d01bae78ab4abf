namespace ClaudeFs.Grains.Storage;

/// <summary>What a row is. The numbers are in the log: never reused.</summary>
public enum RowKind : byte
{
    None = 0,
    Inode = 1,
    Dentry = 2,
    Extent = 3,
    Inline = 4,
    Xattr = 5,
    Orphan = 6,
    Session = 7,
    SessionShard = 8,
    Answer = 9,
    Counter = 10,
    Quota = 11,
    Shard = 12,
}
