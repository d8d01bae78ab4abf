using System.Buffers.Binary;
using System.Globalization;

namespace ClaudeFs.Primitives;

/// <summary>Names one file system for ever: 128 random bits; zero is none.</summary>
public readonly record struct FileSystemId(ulong High, ulong Low)
{
    /// <summary>Bytes on disk and on the wire.</summary>
    public const int SizeBytes = 16;

    /// <summary>Whether this is the default value, which no file system has.</summary>
    public bool IsNone => (High | Low) == 0;

    /// <summary>Reads 16 bytes, big-endian; the caller has checked the length.</summary>
    public static FileSystemId Read(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]));

    /// <summary>Writes 16 bytes, big-endian.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, High);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Low);
    }

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{High:x16}{Low:x16}");
}
