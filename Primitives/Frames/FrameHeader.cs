using System.Buffers.Binary;

namespace ClaudeFs.Primitives.Frames;

/// <summary>
/// The 32 bytes before each payload on the wire, little-endian: magic u32, version u8, flags u8, opcode u16, request id
/// u64, payload length u32, deadline u32, payload CRC32C u32, header CRC32C u32 (of the 28 bytes before it).
/// Layout and golden bytes: docs/spec/frame.md.
/// </summary>
/// <param name="Opcode">What is asked; a response repeats its request's.</param>
/// <param name="Flags">What kind of frame this is.</param>
/// <param name="RequestId">Chosen by the asking side, unique among its requests in flight on the connection.</param>
/// <param name="PayloadBytes">Length of what follows, 0 to <see cref="Limits.FramePayloadBytesMax"/>.</param>
/// <param name="DeadlineMilliseconds">Time left for a request when it was written; 0 is none.</param>
/// <param name="PayloadChecksum">CRC32C of the payload; 0 when there is none.</param>
public readonly record struct FrameHeader(
    Opcode Opcode, FrameFlags Flags, ulong RequestId, uint PayloadBytes, uint DeadlineMilliseconds,
    uint PayloadChecksum)
{
    public const int SizeBytes = 32;

    /// <summary>The first four bytes, read as a little-endian number.</summary>
    public const uint Magic = 0x434653FF;

    /// <summary>The lowest version that is understood here.</summary>
    public const byte VersionMin = 1;

    /// <summary>The highest version that is understood here, and the one that is written.</summary>
    public const byte VersionMax = 1;

    private const int ChecksumOffset = 28;

    private const FrameFlags Assigned = FrameFlags.OneWay | FrameFlags.Response | FrameFlags.Error | FrameFlags.Traced
        | FrameFlags.Signed | FrameFlags.Compressed | FrameFlags.More;

    public bool IsResponse => (Flags & FrameFlags.Response) != 0;

    public bool IsError => (Flags & FrameFlags.Error) != 0;

    public bool IsOneWay => (Flags & FrameFlags.OneWay) != 0;

    public bool IsTraced => (Flags & FrameFlags.Traced) != 0;

    /// <summary>Reads and checks a header; false, and a default header, for anything that is not a sound one.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out FrameHeader header) =>
        Read(source, out header) == FrameFault.None;

    /// <summary>
    /// As <see cref="TryRead"/>, and says what is wrong. Magic and version stand at the same place in all versions, so
    /// they are looked at before the checksum, whose place another version may choose.
    /// </summary>
    public static FrameFault Read(ReadOnlySpan<byte> source, out FrameHeader header)
    {
        header = default;
        if (source.Length < SizeBytes) return FrameFault.Short;
        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic) return FrameFault.BadMagic;
        if (source[4] is < VersionMin or > VersionMax) return FrameFault.UnknownVersion;
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]);
        if (checksum != Crc32c.Compute(source[..ChecksumOffset])) return FrameFault.BadHeaderChecksum;

        var flags = (FrameFlags)source[5];
        if (!AreSound(flags)) return FrameFault.BadFlags;
        var payloadBytes = BinaryPrimitives.ReadUInt32LittleEndian(source[16..]);
        if (payloadBytes > Limits.FramePayloadBytesMax) return FrameFault.Oversize;
        if ((flags & FrameFlags.Traced) != 0 && payloadBytes < TraceContext.SizeBytes) return FrameFault.BadFlags;

        header = new FrameHeader(
            (Opcode)BinaryPrimitives.ReadUInt16LittleEndian(source[6..]), flags,
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]), payloadBytes,
            BinaryPrimitives.ReadUInt32LittleEndian(source[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[24..]));
        return FrameFault.None;
    }

    /// <summary>
    /// Writes <see cref="SizeBytes"/> to the start of <paramref name="destination"/>, checksum included.
    /// </summary>
    public void Write(Span<byte> destination)
    {
        Invariant.That(PayloadBytes <= Limits.FramePayloadBytesMax);
        destination = destination[..SizeBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        destination[4] = VersionMax;
        destination[5] = (byte)Flags;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], (ushort)Opcode);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], RequestId);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[16..], PayloadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[20..], DeadlineMilliseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[24..], PayloadChecksum);
        BinaryPrimitives.WriteUInt32LittleEndian(
            destination[ChecksumOffset..], Crc32c.Compute(destination[..ChecksumOffset]));
    }

    // A response answers, so it is not one-way; only a response can be an error.
    private static bool AreSound(FrameFlags flags)
    {
        if ((flags & ~Assigned) != 0) return false;
        if ((flags & FrameFlags.Response) != 0) return (flags & FrameFlags.OneWay) == 0;
        return (flags & FrameFlags.Error) == 0;
    }
}
