using System.Buffers.Binary;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>
/// Reads what <see cref="RecordWriter"/> wrote. The bytes have passed their checksum, so anything it cannot read is of
/// another version or a writer's mistake: <see cref="RecordFormatException"/>.
/// </summary>
internal ref struct RecordReader(ReadOnlySpan<byte> source)
{
    private const int VarintBitsMax = 63;
    private ReadOnlySpan<byte> _rest = source;

    public readonly int Remaining => _rest.Length;

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift <= VarintBitsMax; shift += 7)
        {
            var b = Byte();
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80) return value;
        }

        throw new RecordFormatException("a number longer than 64 bits");
    }

    public uint Varint32()
    {
        var value = Varint();
        if (value > uint.MaxValue) throw new RecordFormatException("a number longer than 32 bits");
        return (uint)value;
    }

    /// <summary>
    /// A count of things of at least <paramref name="bytesEach"/> bytes: never more than the bytes that follow.
    /// </summary>
    public int Count(int bytesEach = 1)
    {
        var value = Varint();
        if (value > (ulong)(_rest.Length / bytesEach)) 
        {
            throw new RecordFormatException("a count beyond the record's end");
        }

        return (int)value;
    }

    public long Signed()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public int Signed32()
    {
        var value = Signed();
        if (value != (int)value) throw new RecordFormatException("a number longer than 32 bits");
        return (int)value;
    }

    public ReadOnlySpan<byte> Bytes() => Take(Count());

    public ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > _rest.Length) throw new RecordFormatException("a record that ends too early");
        var taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }
}

/// <summary>Bytes that are whole but not understood: another version's, or a mistake.</summary>
internal sealed class RecordFormatException(string message) : Exception(message)
{
    /// <summary>A kind or version that is not known: most likely a later program wrote it.</summary>
    public static RecordFormatException Unknown(string what, string known) =>
        new($"{what}, which this cfs does not know (it knows {known}): {FormatVersion.Advice}");
}
