namespace OrleansCodeGen.Support;

/// <summary>Names the manifest that the generator made for an assembly.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class GeneratedManifestAttribute(Type manifest) : Attribute
{
    /// <summary>A <see cref="GeneratedManifest"/> with a public constructor without parameters.</summary>
    public Type Manifest { get; } = manifest;
}

/// <summary>What the generator found in one assembly.</summary>
public abstract class GeneratedManifest
{
    /// <summary>The types with a codec.</summary>
    public virtual IReadOnlyList<SerializableType> Types => [];

    /// <summary>The grain and observer interfaces; made of what the runtime's assembly defines.</summary>
    public virtual IReadOnlyList<object> Interfaces => [];

    /// <summary>The grain classes.</summary>
    public virtual IReadOnlyList<Type> GrainClasses => [];
}

/// <summary>A type marked for serialization.</summary>
/// <param name="Type">The type, open when generic.</param>
/// <param name="Codec">Its codec, open when generic.</param>
/// <param name="Alias">Its name on the wire.</param>
public sealed record SerializableType(Type Type, Type Codec, string Alias);
