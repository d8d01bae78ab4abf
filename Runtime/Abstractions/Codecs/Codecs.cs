using System.Runtime.CompilerServices;

namespace OrleansCodeGen.Support;

/// <summary>Finds the codec of a type; what generated code calls.</summary>
public static class Codecs
{
    /// <summary>The codec of <typeparamref name="T"/>; throws <see cref="WireException"/> when there is none.</summary>
    public static TypeCodec<T> Get<T>()
        => Holder<T>.Codec ?? throw new WireException(
            $"there is no codec for {typeof(T)}: mark it [GenerateSerializer]");

    /// <summary>Whether there is a codec for <typeparamref name="T"/>.</summary>
    public static bool Has<T>() => Holder<T>.Codec is not null;

    /// <summary>Whether values of <typeparamref name="T"/> never change.</summary>
    public static bool IsImmutable<T>() => Holder<T>.Codec is { IsImmutable: true };

    /// <summary>A copy of an argument or a result that crosses between two grains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Copy<T>(T value) => value is null ? value : Get<T>().Copy(value);

    /// <summary>Writes a field; null is written by leaving the field out.</summary>
    public static void WriteField<T>(WireWriter writer, uint wireId, T value)
    {
        if (value is null)
        {
            return;
        }

        var codec = Get<T>();
        writer.WriteTag(wireId, codec.WireType);
        codec.Write(writer, value);
    }

    /// <summary>Reads a field's value.</summary>
    public static T Read<T>(ref WireReader reader, WireType type) => Get<T>().Read(ref reader, type);

    /// <summary>The wire type of a sequence's elements: those that may be null are optional.</summary>
    public static WireType ElementType<T>() => default(T) is null ? WireType.Optional : Get<T>().WireType;

    /// <summary>Writes an element of a sequence.</summary>
    public static void WriteElement<T>(WireWriter writer, TypeCodec<T> codec, T value)
    {
        if (default(T) is null)
        {
            if (value is null)
            {
                writer.WriteByte(0);
                return;
            }

            writer.WriteByte((byte)(codec.WireType + 1));
        }

        codec.Write(writer, value);
    }

    /// <summary>Reads an element of a sequence.</summary>
    public static T ReadElement<T>(ref WireReader reader, TypeCodec<T> codec, WireType type)
    {
        if (default(T) is not null)
        {
            return codec.Read(ref reader, type);
        }

        WireReader.Expect(type, WireType.Optional);
        return reader.TryReadOptionalHead(out var inner) ? codec.Read(ref reader, inner) : default!;
    }

    private static class Holder<T>
    {
        public static readonly TypeCodec<T>? Codec = (TypeCodec<T>?)CodecTable.Find(typeof(T));
    }
}
