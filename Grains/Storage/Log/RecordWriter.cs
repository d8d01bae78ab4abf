using System.Buffers.Binary;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>
/// Writes numbers and bytes into a buffer that grows and is kept. Little-endian; varints are LEB128, signed ones
/// zigzag-coded. Not thread-safe; the buffer is its own.
/// </summary>
internal sealed class RecordWriter
{
    private const int FirstBytes = 512;
    private const int KeptBytesMax = 64 * 1024;
    private byte[] _buffer = new byte[FirstBytes];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>Forgets what was written; a buffer that one large record has grown is let go.</summary>
    public void Clear()
    {
        Length = 0;
        if (_buffer.Length > KeptBytesMax) _buffer = new byte[FirstBytes];
    }

    public void Byte(byte value) => Reserve(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Reserve(sizeof(ushort)), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(sizeof(uint)), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(sizeof(ulong)), value);

    public void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            Byte((byte)(value | 0x80));
            value >>= 7;
        }

        Byte((byte)value);
    }

    public void Signed(long value) => Varint(((ulong)value << 1) ^ (ulong)(value >> 63));

    /// <summary>Length and bytes.</summary>
    public void Bytes(ReadOnlySpan<byte> value)
    {
        Varint((ulong)value.Length);
        Raw(value);
    }

    /// <summary>The bytes alone.</summary>
    public void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    private Span<byte> Reserve(int bytes)
    {
        var end = checked(Length + bytes);
        if (end > _buffer.Length) Array.Resize(ref _buffer, Math.Max(end, checked(_buffer.Length * 2)));
        var span = _buffer.AsSpan(Length, bytes);
        Length = end;
        return span;
    }
}
