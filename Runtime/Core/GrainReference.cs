using OrleansCodeGen.Support;

namespace Orleans.Runtime;

/// <summary>Names a grain or an observer; calls on it go there. Two references to the same one are equal.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    private readonly ReferenceBinding _binding;

    internal GrainReference(ReferenceBinding binding) => _binding = binding;

    /// <summary>Which one.</summary>
    public GrainId GrainId => _binding.GrainId;

    /// <summary>The interface that this reference has.</summary>
    public GrainInterfaceType InterfaceType => GrainInterfaceType.Create(_binding.Interface.Alias);

    /// <summary>The interface's name.</summary>
    public string InterfaceName => _binding.Interface.Alias;

    internal ReferenceBinding Binding => _binding;

    /// <summary>Whether both name the same.</summary>
    public static bool operator ==(GrainReference? reference1, GrainReference? reference2)
        => reference1 is null ? reference2 is null : reference1.Equals(reference2);

    /// <summary>Whether they name different ones.</summary>
    public static bool operator !=(GrainReference? reference1, GrainReference? reference2)
        => !(reference1 == reference2);

    /// <summary>A hash that spreads evenly.</summary>
    public uint GetUniformHashCode() => GrainId.GetUniformHashCode();

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <summary>A reference to the same with another interface.</summary>
    public virtual TGrainInterface Cast<TGrainInterface>()
        => this is TGrainInterface already ? already : (TGrainInterface)CastTo(typeof(TGrainInterface));

    /// <inheritdoc/>
    public override string ToString() => $"GrainReference:{GrainId}:{InterfaceName}";

    internal object CastTo(Type interfaceType) => _binding.System.Factory.CreateReference(interfaceType, GrainId);
}
