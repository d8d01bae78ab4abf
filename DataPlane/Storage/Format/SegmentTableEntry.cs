using System.Buffers.Binary;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>What a place holds. Numbers are on disk.</summary>
public enum PlaceState : byte
{
    /// <summary>Nothing that anybody needs.</summary>
    Free = 0,

    /// <summary>A segment that is or was being filled: it has no directory that can be trusted.</summary>
    Open = 1,

    /// <summary>A segment whose directory was on stable storage before this was written.</summary>
    Sealed = 2,
}

/// <summary>
/// The entry of one place in a zone's segment table: 64 bytes within one 512-byte sector, so that it is never torn; an
/// entry of zeros is a place never used. See docs/spec/segment.md.
/// </summary>
/// <param name="Segment">What lies there; of a free place, what lay there last.</param>
/// <param name="State">Whether it is filled, full or free.</param>
/// <param name="Kind">What it is filled with, see <see cref="SegmentKind"/>.</param>
/// <param name="Sequence">Grows with every change of the entry.</param>
public readonly record struct SegmentTableEntry(SegmentId Segment, PlaceState State, SegmentKind Kind, ulong Sequence)
{
    /// <summary>Bytes of an entry.</summary>
    public const int SizeBytes = 64;

    private const uint Magic = 0x54474553;   // "SEGT"
    private const byte Version = 1;
    private const int ChecksumOffset = SizeBytes - sizeof(uint);

    /// <summary>
    /// Reads the first 64 bytes; false when they are damaged or of a version or state not known. The place is part of
    /// the checksum, so that an entry in another's stead is damage too.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, int place, out SegmentTableEntry entry)
    {
        entry = default;
        source = source[..SizeBytes];
        if (source.IndexOfAnyExcept((byte)0) < 0) return true;
        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic || source[4] != Version) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(source[24..]) != place) return false;
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]);
        if (checksum != Crc32c.Compute(source[..ChecksumOffset]))
        {
            return false;
        }

        if (source[5] > (byte)PlaceState.Sealed || source[6] > (byte)SegmentKind.Moved) return false;
        entry = new SegmentTableEntry(
            new SegmentId(BinaryPrimitives.ReadUInt64LittleEndian(source[8..])),
            (PlaceState)source[5],
            (SegmentKind)source[6],
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]));
        return true;
    }

    /// <summary>The version of a whole entry that is not of this one; null for all else.</summary>
    public static byte? FindOtherVersion(ReadOnlySpan<byte> source)
    {
        if (source[4] == Version || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic) return null;
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]);
        return checksum == Crc32c.Compute(source[..ChecksumOffset]) ? source[4] : null;
    }

    /// <summary>Refuses (EPROTO) an entry that another version wrote.</summary>
    public static void CheckVersion(ReadOnlySpan<byte> source, string device, long offset)
    {
        if (FindOtherVersion(source) is not { } version) return;
        throw FormatVersion.Refuse($"{device}: offset {offset}: the segment table", version, Version);
    }

    /// <summary>Writes 64 bytes for the entry of <paramref name="place"/>.</summary>
    public void Write(Span<byte> destination, int place)
    {
        destination = destination[..SizeBytes];
        destination.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        destination[4] = Version;
        destination[5] = (byte)State;
        destination[6] = (byte)Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Segment.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(destination[24..], place);
        BinaryPrimitives.WriteUInt32LittleEndian(
            destination[ChecksumOffset..], Crc32c.Compute(destination[..ChecksumOffset]));
    }
}
