using System.Buffers.Binary;
using System.Text;

namespace OrleansCodeGen.Support;

/// <summary>Reads values from bytes that come from outside: every length is checked before anything is
/// allocated.</summary>
/// <remarks>Throws <see cref="WireException"/> on anything malformed, nothing else.</remarks>
public ref struct WireReader
{
    private static readonly UTF8Encoding s_strictUtf8 = new(false, true);
    private readonly ReadOnlySpan<byte> _source;
    private int _position;
    private int _depth;

    /// <summary>Reads <paramref name="source"/>; <paramref name="owner"/> is what references are bound to.</summary>
    public WireReader(ReadOnlySpan<byte> source, object? owner = null)
    {
        _source = source;
        Owner = owner;
    }

    /// <summary>The runtime that references read from here belong to.</summary>
    public object? Owner { get; }

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _source.Length - _position;

    /// <summary>Position of the next byte.</summary>
    public readonly int Position => _position;

    /// <summary>Reads the tag of the next field of a group; false at the group's end.</summary>
    public bool TryReadTag(out uint wireId, out WireType type)
    {
        var tag = ReadVarint();
        if (tag == 0)
        {
            _depth--;
            wireId = 0;
            type = default;
            return false;
        }

        type = (WireType)(tag & 7);
        var id = (tag >> 3) - 1;
        if (tag < 8 || id > uint.MaxValue)
        {
            throw new WireException("a field has a tag that no writer makes");
        }

        wireId = (uint)id;
        return true;
    }

    /// <summary>Begins a group.</summary>
    public void EnterGroup(WireType type)
    {
        Expect(type, WireType.Group);
        Deepen();
    }

    /// <summary>Refuses a value of another wire type than the codec reads.</summary>
    public static void Expect(WireType actual, WireType expected)
    {
        if (actual != expected)
        {
            throw new WireException($"a value is a {actual} where a {expected} was expected");
        }
    }

    /// <summary>Reads a LEB128 number.</summary>
    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 70; shift += 7)
        {
            var next = ReadByte();
            if (shift == 63 && next > 1)
            {
                break;
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new WireException("a number has more than 64 bits");
    }

    /// <summary>Reads a number written by <see cref="WireWriter.WriteZigzag"/>.</summary>
    public long ReadZigzag()
    {
        var value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>Reads one byte.</summary>
    public byte ReadByte()
    {
        if (_position >= _source.Length)
        {
            throw Truncated();
        }

        return _source[_position++];
    }

    /// <summary>Reads four bytes, little endian.</summary>
    public uint ReadFixed32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadRaw(4));

    /// <summary>Reads eight bytes, little endian.</summary>
    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(ReadRaw(8));

    /// <summary>Reads a length and that many bytes; they lie in the source.</summary>
    public ReadOnlySpan<byte> ReadBytes()
    {
        var length = ReadVarint();
        return length > (ulong)Remaining ? throw Truncated() : ReadRaw((int)length);
    }

    /// <summary>Reads bytes without a length; they lie in the source.</summary>
    public ReadOnlySpan<byte> ReadRaw(int bytes)
    {
        if (bytes > Remaining)
        {
            throw Truncated();
        }

        var span = _source.Slice(_position, bytes);
        _position += bytes;
        return span;
    }

    /// <summary>Reads a string.</summary>
    public string ReadString()
    {
        var bytes = ReadBytes();
        try
        {
            return s_strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            throw new WireException("a string is no UTF-8", e);
        }
    }

    /// <summary>Reads the head of a sequence: count (no more than could follow) and wire type of the
    /// elements.</summary>
    public int ReadSequenceHead(WireType actual, out WireType elementType)
    {
        Expect(actual, WireType.Sequence);
        Deepen();
        var count = ReadVarint();
        elementType = ReadWireType();
        if (count > (ulong)Remaining)
        {
            throw Truncated();
        }

        return (int)count;
    }

    /// <summary>Ends what <see cref="ReadSequenceHead"/> began.</summary>
    public void EndSequence() => _depth--;

    /// <summary>Reads a byte that names a wire type.</summary>
    public WireType ReadWireType()
    {
        var type = ReadByte();
        return type <= (byte)WireType.Typed ? (WireType)type : throw new WireException("an unknown wire type");
    }

    /// <summary>Reads the head of an optional value; false: it is null.</summary>
    public bool TryReadOptionalHead(out WireType type)
    {
        var head = ReadByte();
        type = head > 0 ? (WireType)(head - 1) : default;
        if (head > (byte)WireType.Typed + 1)
        {
            throw new WireException("an unknown wire type");
        }

        return head > 0;
    }

    /// <summary>Skips a value that nobody here knows.</summary>
    public void Skip(WireType type)
    {
        switch (type)
        {
            case WireType.Varint:
                ReadVarint();
                break;
            case WireType.Fixed32:
                ReadRaw(4);
                break;
            case WireType.Fixed64:
                ReadRaw(8);
                break;
            case WireType.Bytes:
                ReadBytes();
                break;
            case WireType.Group:
                SkipGroup();
                break;
            case WireType.Sequence:
                var count = ReadSequenceHead(type, out var elementType);
                for (var i = 0; i < count; i++)
                {
                    Skip(elementType);
                }

                EndSequence();
                break;
            case WireType.Optional:
                SkipOptional();
                break;
            default:
                ReadBytes();
                SkipNested(ReadWireType());
                break;
        }
    }

    private void SkipGroup()
    {
        EnterGroup(WireType.Group);
        while (TryReadTag(out _, out var type))
        {
            Skip(type);
        }
    }

    private void SkipOptional()
    {
        if (TryReadOptionalHead(out var type))
        {
            SkipNested(type);
        }
    }

    private void SkipNested(WireType type)
    {
        Deepen();
        Skip(type);
        _depth--;
    }

    private void Deepen()
    {
        if (++_depth > WireLimits.DepthMax)
        {
            throw new WireException($"a value is nested deeper than {WireLimits.DepthMax} levels");
        }
    }

    private static WireException Truncated() => new("the bytes end inside a value");
}
