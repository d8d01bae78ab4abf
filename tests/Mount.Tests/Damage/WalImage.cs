using System.Buffers.Binary;

namespace ClaudeFs.Mount.Tests.Damage;

/// <summary>
/// A write-ahead log of SQLite as bytes, and where its frames lie. Source: sqlite.org/fileformat2.html.
/// </summary>
internal sealed class WalImage
{
    public const int HeaderBytes = 32;
    public const int FrameHeaderBytes = 24;

    private const int PageBytesAt = 8;
    private const int HeaderSaltAt = 16;
    private const int SaltAt = 8;
    private const int SaltBytes = 8;

    public WalImage(byte[] bytes)
    {
        Bytes = bytes;
        PageBytes = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(PageBytesAt));
        var salt = bytes.AsSpan(HeaderSaltAt, SaltBytes);
        while (OffsetOf(Count + 1) <= bytes.Length
            && bytes.AsSpan(OffsetOf(Count) + SaltAt, SaltBytes).SequenceEqual(salt)) Count++;
    }

    public byte[] Bytes { get; }

    /// <summary>Of the database.</summary>
    public int PageBytes { get; }

    /// <summary>Frames of the last use of the file: they have the salts of its header.</summary>
    public int Count { get; }

    /// <summary>Where a frame begins, or the last one ends.</summary>
    public int OffsetOf(int frame) => HeaderBytes + (frame * (FrameHeaderBytes + PageBytes));

    /// <summary>The page that a frame holds, from 1.</summary>
    public uint PageOf(int frame) => BinaryPrimitives.ReadUInt32BigEndian(Bytes.AsSpan(OffsetOf(frame)));

    /// <summary>Whether a page is in one of the frames.</summary>
    public bool Holds(long page) => Enumerable.Range(0, Count).Any(frame => PageOf(frame) == page);
}
