namespace ClaudeFs.Primitives;

/// <summary>Every bound of the system that is not an option, in one place. Partial: a file an area.</summary>
public static partial class Limits
{
    public const int NameBytesMax = 255;
    public const int SymlinkBytesMax = 4095;
    public const uint LinksMax = 65_000;
    public const int XattrNameBytesMax = 255;
    public const int XattrValueBytesMax = 65_536;
    public const int XattrListBytesMax = 65_536;

    /// <summary>Files up to this long live in a row beside their inode.</summary>
    public const int InlineBytesMax = 4096;

    /// <summary>Aligned bytes of a file that one extent row maps.</summary>
    public const int ExtentBytes = 1 << 20;

    /// <summary>A chunk is cut at each multiple of this of the file's offset.</summary>
    public const int ChunkBytes = 64 * 1024;

    /// <summary>Writes smaller than a chunk are located pieces of this size.</summary>
    public const int LocatedBytes = 4096;

    public const int SegmentBytes = 2 << 20;

    /// <summary>Largest file: 2^32 extents would be 4 PiB; kept below what loff_t and the extent index allow.</summary>
    public const ulong FileBytesMax = (1UL << 52) - ExtentBytes;

    /// <summary>Findings of a scrub that are kept one by one; the others are counted.</summary>
    public const int ScrubFindingsMax = 1000;

    public const int FramePayloadBytesMax = 4 << 20;
}
