using System.Runtime.CompilerServices;
using Orleans.Runtime;
using Orleans.Scheduling;
using OrleansCodeGen.Support;

namespace Orleans.Serialization;

/// <summary>References to grains and observers cross as the interface's id and the grain's.</summary>
/// <typeparam name="T">The interface.</typeparam>
internal sealed class ReferenceCodec<T> : TypeCodec<T>
    where T : class, IAddressable
{
    public override WireType WireType => WireType.Group;

    public override bool IsImmutable => true;

    public override T Copy(T value) => ReferenceOf(value) as T ?? value;

    public override void Write(WireWriter writer, T value)
    {
        var reference = ReferenceOf(value)
            ?? throw new WireException($"{value.GetType()} is no reference: use IGrainFactory.CreateObjectReference");
        writer.EnterGroup();
        Codecs.WriteField(writer, 1, reference.Binding.Interface.Id);
        Codecs.WriteField(writer, 2, reference.GrainId);
        writer.WriteEnd();
    }

    public override T Read(ref WireReader reader, WireType type)
    {
        var system = reader.Owner as ActorSystem ?? throw new WireException(
            "a reference can only be read by a runtime");
        uint interfaceId = 0;
        GrainId grain = default;
        reader.EnterGroup(type);
        while (reader.TryReadTag(out var id, out var fieldType))
        {
            if (id == 1)
            {
                interfaceId = Codecs.Read<uint>(ref reader, fieldType);
            }
            else if (id == 2)
            {
                grain = Codecs.Read<GrainId>(ref reader, fieldType);
            }
            else
            {
                reader.Skip(fieldType);
            }
        }

        if (system.Types.FindInterface(interfaceId) is not { } known || grain.IsDefault)
        {
            throw new WireException("a reference names no interface that is known here");
        }

        return system.Factory.CreateReference(known.Type, grain) is T reference
            ? reference
            : system.Factory.CreateReference(typeof(T),
                grain) as T ?? throw new WireException("a reference of another kind");
    }

    private static GrainReference? ReferenceOf(T value) => value switch
    {
        GrainReference reference => reference,
        IGrainBase grain => grain.GrainContext.GrainReference.CastTo(typeof(T)) as GrainReference,
        _ => null,
    };
}

/// <summary>Grain ids cross as text: kind, slash, key.</summary>
internal sealed class GrainIdCodec : TypeCodec<GrainId>
{
    public override WireType WireType => WireType.Bytes;

    public override bool IsImmutable => true;

    public override GrainId Copy(GrainId value) => value;

    public override void Write(WireWriter writer, GrainId value) => writer.WriteString(value.ToString());

    public override GrainId Read(ref WireReader reader, WireType type)
    {
        WireReader.Expect(type, WireType.Bytes);
        return GrainId.TryParse(reader.ReadString(), out var id) ? id
            : throw new WireException("a string is no grain id");
    }
}

/// <summary>Silo addresses cross as text.</summary>
internal sealed class SiloAddressCodec : TypeCodec<SiloAddress>
{
    public override WireType WireType => WireType.Bytes;

    public override bool IsImmutable => true;

    public override SiloAddress Copy(SiloAddress value) => value;

    public override void Write(WireWriter writer, SiloAddress value) => writer.WriteString(value.ToParsableString());

    public override SiloAddress Read(ref WireReader reader, WireType type)
    {
        WireReader.Expect(type, WireType.Bytes);
        try
        {
            return SiloAddress.FromParsableString(reader.ReadString());
        }
        catch (FormatException e)
        {
            throw new WireException("a string is no silo address", e);
        }
    }
}

/// <summary>A value that is not copied.</summary>
internal sealed class ImmutableBoxCodec<T> : TypeCodec<Concurrency.Immutable<T>>
{
    public override WireType WireType => WireType.Group;

    public override bool IsImmutable => true;

    public override Concurrency.Immutable<T> Copy(Concurrency.Immutable<T> value) => value;

    public override void Write(WireWriter writer, Concurrency.Immutable<T> value)
    {
        writer.EnterGroup();
        Codecs.WriteField(writer, 1, value.Value);
        writer.WriteEnd();
    }

    public override Concurrency.Immutable<T> Read(ref WireReader reader, WireType type)
    {
        T inner = default!;
        reader.EnterGroup(type);
        while (reader.TryReadTag(out var id, out var fieldType))
        {
            if (id == 1)
            {
                inner = Codecs.Read<T>(ref reader, fieldType);
            }
            else
            {
                reader.Skip(fieldType);
            }
        }

        return new(inner);
    }
}

/// <summary>Adds the codecs of the runtime's own types.</summary>
internal static class RuntimeCodecs
{
    /// <summary>Runs when the runtime's assembly is loaded, so before any codec that needs it is made.</summary>
    [ModuleInitializer]
    internal static void Register() => CodecTable.AddResolver(Find);

    private static TypeCodec? Find(Type type)
    {
        if (type == typeof(GrainId))
        {
            return new GrainIdCodec();
        }

        if (type == typeof(SiloAddress))
        {
            return new SiloAddressCodec();
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Concurrency.Immutable<>))
        {
            return (TypeCodec)Activator.CreateInstance(
                typeof(ImmutableBoxCodec<>).MakeGenericType(type.GetGenericArguments()))!;
        }

        return type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)
            ? (TypeCodec)Activator.CreateInstance(typeof(ReferenceCodec<>).MakeGenericType(type))!
            : null;
    }
}
