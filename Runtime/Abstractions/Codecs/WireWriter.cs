using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace OrleansCodeGen.Support;

/// <summary>Writes values into a growing buffer that it owns; bounded by
/// <see cref="WireLimits.MessageBytesMax"/>.</summary>
/// <remarks>Not thread safe. <see cref="Dispose"/> gives the buffer back; what <see cref="Written"/> showed is gone
/// then.</remarks>
public sealed class WireWriter : IDisposable
{
    private byte[] _buffer;
    private int _position;
    private int _depth;

    /// <summary>Rents a buffer of at least <paramref name="bytes"/> bytes.</summary>
    public WireWriter(int bytes = 256) => _buffer = ArrayPool<byte>.Shared.Rent(bytes);

    /// <summary>The bytes written so far; valid until the next write or <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _position);

    /// <summary>How many bytes are written.</summary>
    public int Length => _position;

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Reset()
    {
        _position = 0;
        _depth = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        _position = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Writes the tag of a field; its value must follow in <paramref name="type"/>.</summary>
    public void WriteTag(uint wireId, WireType type) => WriteVarint((((ulong)wireId + 1) << 3) | (uint)type);

    /// <summary>Ends a group.</summary>
    public void WriteEnd()
    {
        _depth--;
        WriteByte(0);
    }

    /// <summary>Begins a group inside which fields may be written: bounds the nesting.</summary>
    public void EnterGroup()
    {
        if (++_depth > WireLimits.DepthMax)
        {
            throw new WireException($"a value is nested deeper than {WireLimits.DepthMax} levels");
        }
    }

    /// <summary>Ends a sequence that <see cref="EnterGroup"/> began; nothing is written.</summary>
    public void LeaveSequence() => _depth--;

    /// <summary>Writes a LEB128 number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteVarint(ulong value)
    {
        if (value < 0x80 && _position < _buffer.Length)
        {
            _buffer[_position++] = (byte)value;
            return;
        }

        WriteLongVarint(value);
    }

    /// <summary>Writes a signed number so that small magnitudes are short.</summary>
    public void WriteZigzag(long value) => WriteVarint((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value)
    {
        Ensure(1);
        _buffer[_position++] = value;
    }

    /// <summary>Writes four bytes, little endian.</summary>
    public void WriteFixed32(uint value)
    {
        Ensure(4);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_position), value);
        _position += 4;
    }

    /// <summary>Writes eight bytes, little endian.</summary>
    public void WriteFixed64(ulong value)
    {
        Ensure(8);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_position), value);
        _position += 8;
    }

    /// <summary>Writes a length and the bytes.</summary>
    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        WriteVarint((uint)value.Length);
        WriteRaw(value);
    }

    /// <summary>Writes bytes without a length.</summary>
    public void WriteRaw(ReadOnlySpan<byte> value)
    {
        Ensure(value.Length);
        value.CopyTo(_buffer.AsSpan(_position));
        _position += value.Length;
    }

    /// <summary>Writes a string as UTF-8 with its length.</summary>
    public void WriteString(string value)
    {
        var count = Encoding.UTF8.GetByteCount(value);
        WriteVarint((uint)count);
        Ensure(count);
        _position += Encoding.UTF8.GetBytes(value, _buffer.AsSpan(_position));
    }

    private void WriteLongVarint(ulong value)
    {
        Ensure(10);
        while (value >= 0x80)
        {
            _buffer[_position++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_position++] = (byte)value;
    }

    private void Ensure(int bytes)
    {
        if (_buffer.Length - _position < bytes)
        {
            Grow(bytes);
        }
    }

    private void Grow(int bytes)
    {
        var needed = (long)_position + bytes;
        if (needed > WireLimits.MessageBytesMax)
        {
            throw new WireException($"a message would be longer than {WireLimits.MessageBytesMax} bytes");
        }

        var size = (int)Math.Min(Math.Max(needed, _buffer.Length * 2L), WireLimits.MessageBytesMax);
        var larger = ArrayPool<byte>.Shared.Rent(size);
        _buffer.AsSpan(0, _position).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
