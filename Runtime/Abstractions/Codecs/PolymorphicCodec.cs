namespace OrleansCodeGen.Support;

/// <summary>Values whose actual type may be another than the declared one: the type's alias, then its own
/// layout.</summary>
/// <typeparam name="T">The declared type.</typeparam>
internal sealed class PolymorphicCodec<T> : TypeCodec<T>
{
    public override WireType WireType => WireType.Typed;

    public override void Write(WireWriter writer, T value)
    {
        var type = value!.GetType();
        var codec = CodecOf(type);
        if (type == typeof(T))
        {
            writer.WriteByte(0);
        }
        else
        {
            writer.WriteString(CodecTable.AliasOf(type) ?? throw NotAllowed(type));
        }

        writer.WriteByte((byte)codec.WireType);
        codec.WriteObject(writer, value);
    }

    public override T Read(ref WireReader reader, WireType type)
    {
        WireReader.Expect(type, WireType.Typed);
        var alias = reader.ReadString();
        var inner = reader.ReadWireType();
        var actual = alias.Length == 0 ? typeof(T) : CodecTable.FindByAlias(alias);
        if (actual is null || !typeof(T).IsAssignableFrom(actual) || CodecTable.FindExact(actual) is not { } codec)
        {
            throw new WireException("a message names a type that is not allowed here");
        }

        return (T)codec.ReadObject(ref reader, inner);
    }

    public override T Copy(T value)
    {
        var codec = CodecOf(value!.GetType());
        return codec.IsImmutable ? value : (T)codec.CopyObject(value);
    }

    private static TypeCodec CodecOf(Type type) => CodecTable.FindExact(type) ?? throw NotAllowed(type);

    private static WireException NotAllowed(Type type) => new($"{type} is not marked [GenerateSerializer]");
}
