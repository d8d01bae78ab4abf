using System.Collections.Immutable;
using System.Net;

namespace OrleansCodeGen.Support;

/// <summary>Codecs of the base library's types.</summary>
internal static class BuiltInCodecs
{
    private static readonly Dictionary<Type, TypeCodec> s_simple = new()
    {
        [typeof(bool)] = new UnsignedCodec<bool>(static v => v ? 1UL : 0UL, static v => v != 0, 1),
        [typeof(byte)] = new UnsignedCodec<byte>(static v => v, static v => (byte)v, byte.MaxValue),
        [typeof(ushort)] = new UnsignedCodec<ushort>(static v => v, static v => (ushort)v, ushort.MaxValue),
        [typeof(uint)] = new UnsignedCodec<uint>(static v => v, static v => (uint)v, uint.MaxValue),
        [typeof(ulong)] = new UnsignedCodec<ulong>(static v => v, static v => v, ulong.MaxValue),
        [typeof(char)] = new UnsignedCodec<char>(static v => v, static v => (char)v, char.MaxValue),
        [typeof(sbyte)] = new SignedCodec<sbyte>(static v => v, static v => (sbyte)v, sbyte.MinValue, sbyte.MaxValue),
        [typeof(short)] = new SignedCodec<short>(static v => v, static v => (short)v, short.MinValue, short.MaxValue),
        [typeof(int)] = new SignedCodec<int>(static v => v, static v => (int)v, int.MinValue, int.MaxValue),
        [typeof(long)] = new SignedCodec<long>(static v => v, static v => v, long.MinValue, long.MaxValue),
        [typeof(float)] = new Fixed32Codec<float>(BitConverter.SingleToUInt32Bits, BitConverter.UInt32BitsToSingle),
        [typeof(double)] = new Fixed64Codec<double>(BitConverter.DoubleToUInt64Bits, BitConverter.UInt64BitsToDouble),
        [typeof(decimal)] = new RawCodec<decimal>(16, WriteDecimal, ReadDecimal),
        [typeof(UInt128)] = new RawCodec<UInt128>(
            16,
            static (v, b) => System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(b.Span, v),
            static b => System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(b.Span)),
        [typeof(string)] = new StringCodec(),
        [typeof(byte[])] = new BytesCodec(),
        [typeof(ReadOnlyMemory<byte>)] = new ReadOnlyMemoryCodec(),
        [typeof(Guid)] = new GuidCodec(),
        [typeof(TimeSpan)] = new SignedCodec<TimeSpan>(
            static v => v.Ticks, static v => new TimeSpan(v), long.MinValue, long.MaxValue),
        [typeof(DateTimeOffset)] = new DateTimeOffsetCodec(),
        [typeof(DateTime)] = new RawCodec<DateTime>(8, WriteDateTime, ReadDateTime),
        [typeof(DateOnly)] = new SignedCodec<DateOnly>(
            static v => v.DayNumber, static v => DateOnly.FromDayNumber((int)v), 0, DateOnly.MaxValue.DayNumber),
        [typeof(IPAddress)] = new TextCodec<IPAddress>(
            static v => v.ToString(), static t => IPAddress.TryParse(t, out var v) ? v : null),
        [typeof(IPEndPoint)] = new TextCodec<IPEndPoint>(
            static v => v.ToString(), static t => IPEndPoint.TryParse(t, out var v) ? v : null),
        [typeof(Uri)] = new TextCodec<Uri>(
            static v => v.OriginalString, static t
                => Uri.TryCreate(t, UriKind.RelativeOrAbsolute, out var v) ? v : null),
        [typeof(Version)] = new TextCodec<Version>(
            static v => v.ToString(), static t => Version.TryParse(t, out var v) ? v : null),
    };

    private static readonly Dictionary<Type, Type> s_generic = new()
    {
        [typeof(Nullable<>)] = typeof(NullableCodec<>),
        [typeof(List<>)] = typeof(ListCodec<>),
        [typeof(HashSet<>)] = typeof(SetCodec<>),
        [typeof(ImmutableArray<>)] = typeof(ImmutableArrayCodec<>),
        [typeof(ReadOnlyMemory<>)] = typeof(MemoryOfCodec<>),
        [typeof(KeyValuePair<,>)] = typeof(PairCodec<,>),
        [typeof(ValueTuple<,>)] = typeof(Tuple2Codec<,>),
        [typeof(ValueTuple<,,>)] = typeof(Tuple3Codec<,,>),
        [typeof(ValueTuple<,,,>)] = typeof(Tuple4Codec<,,,>),
        [typeof(ValueTuple<,,,,>)] = typeof(Tuple5Codec<,,,,>),
    };

    /// <summary>The codec, or null when the type is not of the base library's.</summary>
    internal static TypeCodec? Find(Type type)
    {
        if (s_simple.TryGetValue(type, out var simple))
        {
            return simple;
        }

        if (type.IsEnum)
        {
            return Make(typeof(EnumCodec<>), type);
        }

        if (type.IsSZArray)
        {
            return Make(typeof(ArrayCodec<>), type.GetElementType()!);
        }

        if (typeof(Exception).IsAssignableFrom(type))
        {
            return Make(typeof(ExceptionCodec<>), type);
        }

        return type.IsGenericType ? FindGeneric(type) : null;
    }

    /// <summary>The alias under which a base type may stand where <see cref="object"/> is declared.</summary>
    internal static string? AliasOf(Type type) => s_simple.ContainsKey(type) ? "~" + type.Name : null;

    internal static bool TryFindByAlias(string alias, out Type type)
    {
        foreach (var candidate in s_simple.Keys)
        {
            if (alias.Length > 1 && alias[0] == '~' && alias.AsSpan(1).SequenceEqual(candidate.Name))
            {
                type = candidate;
                return true;
            }
        }

        type = typeof(void);
        return false;
    }

    private static TypeCodec? FindGeneric(Type type)
    {
        var open = type.GetGenericTypeDefinition();
        var arguments = type.GetGenericArguments();
        if (s_generic.TryGetValue(open, out var codec))
        {
            return Make(codec, arguments);
        }

        if (open == typeof(IReadOnlyList<>) || open == typeof(IReadOnlyCollection<>) || open == typeof(IEnumerable<>))
        {
            return Make(typeof(ReadOnlyListCodec<,>), type, arguments[0]);
        }

        if (open == typeof(Dictionary<,>) || open == typeof(IReadOnlyDictionary<,>))
        {
            return Make(typeof(DictionaryCodec<,,>), type, arguments[0], arguments[1]);
        }

        return null;
    }

    private static TypeCodec Make(Type codec, params Type[] arguments)
        => (TypeCodec)Activator.CreateInstance(codec.MakeGenericType(arguments))!;

    private static void WriteDecimal(decimal value, Memory<byte> bytes)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(value, parts);
        for (var i = 0; i < 4; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes.Span[(i * 4)..], parts[i]);
        }
    }

    private static decimal ReadDecimal(ReadOnlyMemory<byte> bytes)
    {
        Span<int> parts = stackalloc int[4];
        for (var i = 0; i < 4; i++)
        {
            parts[i] = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes.Span[(i * 4)..]);
        }

        return new decimal(parts);
    }

    private static void WriteDateTime(DateTime value, Memory<byte> bytes)
        => System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(
            bytes.Span, value.Ticks | ((long)value.Kind << 62));

    private static DateTime ReadDateTime(ReadOnlyMemory<byte> bytes)
    {
        var number = System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(bytes.Span);
        return new DateTime(number & 0x3FFF_FFFF_FFFF_FFFF, (DateTimeKind)((ulong)number >> 62));
    }
}
