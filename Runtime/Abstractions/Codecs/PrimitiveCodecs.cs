
namespace OrleansCodeGen.Support;

/// <summary>Base of codecs for values that never change.</summary>
internal abstract class ImmutableCodec<T>(WireType wireType) : TypeCodec<T>
{
    public sealed override WireType WireType => wireType;

    public sealed override bool IsImmutable => true;

    public sealed override T Copy(T value) => value;

    public sealed override T Read(ref WireReader reader, WireType type)
    {
        WireReader.Expect(type, WireType);
        return Read(ref reader);
    }

    protected abstract T Read(ref WireReader reader);
}

internal sealed class UnsignedCodec<T>(Func<T, ulong> widen, Func<ulong, T> narrow, ulong max)
    : ImmutableCodec<T>(WireType.Varint)
{
    public override void Write(WireWriter writer, T value) => writer.WriteVarint(widen(value));

    protected override T Read(ref WireReader reader)
    {
        var value = reader.ReadVarint();
        return value <= max ? narrow(value) : throw new WireException($"{value} does not fit into a {typeof(T).Name}");
    }
}

internal sealed class SignedCodec<T>(Func<T, long> widen, Func<long, T> narrow, long min, long max)
    : ImmutableCodec<T>(WireType.Varint)
{
    public override void Write(WireWriter writer, T value) => writer.WriteZigzag(widen(value));

    protected override T Read(ref WireReader reader)
    {
        var value = reader.ReadZigzag();
        return value >= min && value <= max
            ? narrow(value)
            : throw new WireException($"{value} does not fit into a {typeof(T).Name}");
    }
}

internal sealed class EnumCodec<T> : ImmutableCodec<T>
    where T : struct, Enum
{
    private readonly bool _isSigned = Type.GetTypeCode(typeof(T)) is TypeCode.SByte or TypeCode.Int16 or TypeCode.Int32
        or TypeCode.Int64;

    public EnumCodec()
        : base(WireType.Varint)
    {
    }

    public override void Write(WireWriter writer, T value)
    {
        if (_isSigned)
        {
            writer.WriteZigzag(Convert.ToInt64(value, null));
        }
        else
        {
            writer.WriteVarint(Convert.ToUInt64(value, null));
        }
    }

    protected override T Read(ref WireReader reader)
    {
        try
        {
            var number = _isSigned
                ? Convert.ChangeType(reader.ReadZigzag(), Enum.GetUnderlyingType(typeof(T)), null)
                : Convert.ChangeType(reader.ReadVarint(), Enum.GetUnderlyingType(typeof(T)), null);
            return (T)Enum.ToObject(typeof(T), number);
        }
        catch (OverflowException e)
        {
            throw new WireException($"a number does not fit into a {typeof(T).Name}", e);
        }
    }
}

internal sealed class StringCodec() : ImmutableCodec<string>(WireType.Bytes)
{
    public override void Write(WireWriter writer, string value) => writer.WriteString(value);

    protected override string Read(ref WireReader reader) => reader.ReadString();
}

internal sealed class BytesCodec : TypeCodec<byte[]>
{
    public override WireType WireType => WireType.Bytes;

    public override void Write(WireWriter writer, byte[] value) => writer.WriteBytes(value);

    public override byte[] Read(ref WireReader reader, WireType type)
    {
        WireReader.Expect(type, WireType.Bytes);
        return reader.ReadBytes().ToArray();
    }

    public override byte[] Copy(byte[] value) => value.AsSpan().ToArray();
}

internal sealed class ReadOnlyMemoryCodec : TypeCodec<ReadOnlyMemory<byte>>
{
    public override WireType WireType => WireType.Bytes;

    public override void Write(WireWriter writer, ReadOnlyMemory<byte> value) => writer.WriteBytes(value.Span);

    public override ReadOnlyMemory<byte> Read(ref WireReader reader, WireType type)
    {
        WireReader.Expect(type, WireType.Bytes);
        return reader.ReadBytes().ToArray();
    }

    public override ReadOnlyMemory<byte> Copy(ReadOnlyMemory<byte> value) => value.ToArray();
}

/// <summary>Values of a fixed number of bytes.</summary>
internal sealed class RawCodec<T>(int size, Action<T, Memory<byte>> write, Func<ReadOnlyMemory<byte>, T> read)
    : ImmutableCodec<T>(WireType.Bytes)
{
    public override void Write(WireWriter writer, T value)
    {
        var bytes = new byte[size];
        write(value, bytes);
        writer.WriteBytes(bytes);
    }

    protected override T Read(ref WireReader reader)
    {
        var bytes = reader.ReadBytes();
        if (bytes.Length != size)
        {
            throw new WireException($"a {typeof(T).Name} has {bytes.Length} bytes instead of {size}");
        }

        try
        {
            return read(bytes.ToArray());
        }
        catch (ArgumentException e)
        {
            throw new WireException($"the bytes are no {typeof(T).Name}", e);
        }
    }
}

internal sealed class GuidCodec() : ImmutableCodec<Guid>(WireType.Bytes)
{
    public override void Write(WireWriter writer, Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes);
        writer.WriteBytes(bytes);
    }

    protected override Guid Read(ref WireReader reader)
    {
        var bytes = reader.ReadBytes();
        return bytes.Length == 16 ? new Guid(bytes) : throw new WireException("a Guid has 16 bytes");
    }
}

internal sealed class Fixed64Codec<T>(Func<T, ulong> widen, Func<ulong, T> narrow) : ImmutableCodec<T>(WireType.Fixed64)
{
    public override void Write(WireWriter writer, T value) => writer.WriteFixed64(widen(value));

    protected override T Read(ref WireReader reader) => narrow(reader.ReadFixed64());
}

internal sealed class Fixed32Codec<T>(Func<T, uint> widen, Func<uint, T> narrow) : ImmutableCodec<T>(WireType.Fixed32)
{
    public override void Write(WireWriter writer, T value) => writer.WriteFixed32(widen(value));

    protected override T Read(ref WireReader reader) => narrow(reader.ReadFixed32());
}

internal sealed class TextCodec<T>(Func<T, string> format, Func<string, T?> parse) : ImmutableCodec<T>(WireType.Bytes)
    where T : class
{
    public override void Write(WireWriter writer, T value) => writer.WriteString(format(value));

    protected override T Read(ref WireReader reader)
        => parse(reader.ReadString()) ?? throw new WireException($"a string is no {typeof(T).Name}");
}

/// <summary>Time with its offset: ticks of the clock, then minutes of the offset.</summary>
internal sealed class DateTimeOffsetCodec() : ImmutableCodec<DateTimeOffset>(WireType.Bytes)
{
    public override void Write(WireWriter writer, DateTimeOffset value)
    {
        Span<byte> bytes = stackalloc byte[10];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, value.Ticks);
        System.Buffers.Binary.BinaryPrimitives.WriteInt16LittleEndian(bytes[8..], (short)value.Offset.TotalMinutes);
        writer.WriteBytes(bytes);
    }

    protected override DateTimeOffset Read(ref WireReader reader)
    {
        var bytes = reader.ReadBytes();
        if (bytes.Length != 10)
        {
            throw new WireException("a DateTimeOffset has 10 bytes");
        }

        try
        {
            return new DateTimeOffset(
                System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(bytes),
                TimeSpan.FromMinutes(System.Buffers.Binary.BinaryPrimitives.ReadInt16LittleEndian(bytes[8..])));
        }
        catch (ArgumentException e)
        {
            throw new WireException("the bytes are no DateTimeOffset", e);
        }
    }
}

internal sealed class NullableCodec<T> : TypeCodec<T?>
    where T : struct
{
    private readonly TypeCodec<T> _inner = Codecs.Get<T>();

    public override WireType WireType => _inner.WireType;

    public override bool IsImmutable => _inner.IsImmutable;

    public override void Write(WireWriter writer, T? value) => _inner.Write(writer, value.GetValueOrDefault());

    public override T? Read(ref WireReader reader, WireType type) => _inner.Read(ref reader, type);

    public override T? Copy(T? value) => value is { } some ? _inner.Copy(some) : null;
}
