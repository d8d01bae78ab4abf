using System.Buffers.Binary;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>The header of an append as bytes. Form: docs/spec/log.md.</summary>
internal static class LogFormat
{
    /// <summary>"CFSLOG1\0", little-endian.</summary>
    public const ulong Magic = 0x0031474F4C534643;

    public const ushort Version = 1;
    public const int HeaderBytes = 80;
    public const int BlockBytes = 4096;
    private const int ChecksumOffset = HeaderBytes - sizeof(uint);

    /// <summary>Bytes that an append takes in the log: whole blocks.</summary>
    public static long PaddedBytes(long bodyBytes) =>
        (HeaderBytes + bodyBytes + BlockBytes - 1) / BlockBytes * BlockBytes;

    public static void Write(Span<byte> destination, in LogHeader header)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], HeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], header.PartCount);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], header.FileSystem);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], header.Append);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], header.Position);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], header.FlushedAppend);
        BinaryPrimitives.WriteInt64LittleEndian(destination[48..], header.Stamp.Nanoseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[56..], header.BodyBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[60..], header.BodyChecksum);
        destination[64..ChecksumOffset].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(
            destination[ChecksumOffset..], Crc32c.Compute(destination[..ChecksumOffset]));
    }

    /// <summary>Reads a header; false when there is none of this file system or it is damaged.</summary>
    /// <exception cref="RecordFormatException">It is whole, but of a version that this one does not know.</exception>
    public static bool TryRead(ReadOnlySpan<byte> source, ulong fileSystem, out LogHeader header)
    {
        header = default;
        if (source.Length < HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(source) != Magic) return false;
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]);
        if (Crc32c.Compute(source[..ChecksumOffset]) != checksum) return false;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(source[8..]);
        if (version != Version)
        {
            throw new RecordFormatException(FormatVersion.Describe("the log", version, Version));
        }

        header = new(
            FileSystem: BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            Append: BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            Position: BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
            FlushedAppend: BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            Stamp: new(BinaryPrimitives.ReadInt64LittleEndian(source[48..])),
            BodyBytes: BinaryPrimitives.ReadUInt32LittleEndian(source[56..]),
            PartCount: BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            BodyChecksum: BinaryPrimitives.ReadUInt32LittleEndian(source[60..]));
        return header.FileSystem == fileSystem;
    }
}
