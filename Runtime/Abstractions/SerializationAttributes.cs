namespace Orleans;

/// <summary>Asks for a generated codec and copier of the marked type.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
    /// <summary>Whether constructor parameters of a record take their position as id.</summary>
    public bool IncludePrimaryConstructorParameters { get; init; } = true;
}

/// <summary>The number of a serialized member, unique in its type; never reused.</summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Class | AttributeTargets.Struct
    | AttributeTargets.Enum)]
public sealed class IdAttribute(uint id) : Attribute
{
    /// <summary>The number on the wire.</summary>
    public uint Id { get; } = id;
}

/// <summary>A name that outlives renames in code: of a type, an interface or a grain method.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Interface
    | AttributeTargets.Enum | AttributeTargets.Method)]
public sealed class AliasAttribute(string alias) : Attribute
{
    /// <summary>The name on the wire.</summary>
    public string Alias { get; } = alias;
}

/// <summary>The marked type or parameter never changes after construction, so local calls need not copy it.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum
    | AttributeTargets.Parameter | AttributeTargets.Property | AttributeTargets.Field)]
public sealed class ImmutableAttribute : Attribute;
