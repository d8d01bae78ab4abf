using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ClaudeFs.Runtime.Tests.Api;

/// <summary>
/// The public surface of an assembly as text, one line a type or member, read by System.Reflection.Metadata alone:
/// it needs none of the assembly's references.
/// </summary>
/// <remarks>
/// A type is <c>kind Name : base, interfaces</c>, a member <c>Type::Name(parameter types) : result</c>. Parameter
/// names and
/// nullability are left out.
/// </remarks>
internal sealed class MetadataSurface
{
    private readonly MetadataReader _reader;
    private readonly SignatureNames _names;
    private readonly SortedSet<string> _types = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _supertypes = new(StringComparer.Ordinal);

    private MetadataSurface(MetadataReader reader)
    {
        _reader = reader;
        _names = new SignatureNames();
        foreach (var handle in reader.TypeDefinitions)
        {
            AddType(reader.GetTypeDefinition(handle), handle);
        }
    }

    /// <summary>Kind and name of every visible type.</summary>
    public IReadOnlyCollection<string> Types => _types;

    /// <summary>Every visible member with its full signature.</summary>
    public IReadOnlyCollection<string> Members => _members;

    /// <summary>Base type and interfaces, by type name.</summary>
    public IReadOnlyDictionary<string, SortedSet<string>> Supertypes => _supertypes;

    /// <summary>Reads the assembly at <paramref name="path"/>.</summary>
    public static MetadataSurface Read(string path)
    {
        using var stream = File.OpenRead(path);
        using var image = new PEReader(stream);
        return new MetadataSurface(image.GetMetadataReader());
    }

    private void AddType(TypeDefinition type, TypeDefinitionHandle handle)
    {
        if (!IsVisible(type))
        {
            return;
        }

        var name = _names.GetTypeFromDefinition(_reader, handle, 0);
        _types.Add(Kind(type) + " " + name);
        var supertypes = new SortedSet<string>(StringComparer.Ordinal);
        if (!type.BaseType.IsNil)
        {
            supertypes.Add(NameOf(type.BaseType));
        }

        foreach (var implementation in type.GetInterfaceImplementations())
        {
            supertypes.Add(NameOf(_reader.GetInterfaceImplementation(implementation).Interface));
        }

        _supertypes[name] = supertypes;
        AddMembers(type, name);
    }

    private void AddMembers(TypeDefinition type, string name)
    {
        foreach (var handle in type.GetMethods())
        {
            var method = _reader.GetMethodDefinition(handle);
            if (!IsVisible(method.Attributes))
            {
                continue;
            }

            var signature = method.DecodeSignature(_names, null);
            var arity = signature.GenericParameterCount > 0 ? "`" + signature.GenericParameterCount : string.Empty;
            var modifier = (method.Attributes & MethodAttributes.Static) != 0 ? "static " : string.Empty;
            _members.Add($"{modifier}{name}::{_reader.GetString(method.Name)}{arity}"
                + $"({string.Join(", ", signature.ParameterTypes)}) : {signature.ReturnType}");
        }

        foreach (var handle in type.GetFields())
        {
            var field = _reader.GetFieldDefinition(handle);
            var access = field.Attributes & FieldAttributes.FieldAccessMask;
            if (access is not (FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem))
            {
                continue;
            }

            var value = string.Empty;
            if ((field.Attributes & FieldAttributes.Literal) != 0 && !field.GetDefaultValue().IsNil)
            {
                var constant = _reader.GetConstant(field.GetDefaultValue());
                value = " = " + _reader.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode);
            }

            _members.Add($"{name}::{_reader.GetString(field.Name)} : {field.DecodeSignature(_names, null)}{value}");
        }
    }

    private bool IsVisible(TypeDefinition type)
    {
        var access = type.Attributes & TypeAttributes.VisibilityMask;
        if (access == TypeAttributes.Public)
        {
            return true;
        }

        return access is TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem
            && IsVisible(_reader.GetTypeDefinition(type.GetDeclaringType()));
    }

    private static bool IsVisible(MethodAttributes attributes)
        => (attributes & MethodAttributes.MemberAccessMask)
            is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private string Kind(TypeDefinition type)
    {
        if ((type.Attributes & TypeAttributes.Interface) != 0)
        {
            return "interface";
        }

        var modifier = (type.Attributes & (TypeAttributes.Abstract | TypeAttributes.Sealed)) switch
        {
            TypeAttributes.Abstract | TypeAttributes.Sealed => "static ",
            TypeAttributes.Abstract => "abstract ",
            TypeAttributes.Sealed => "sealed ",
            _ => string.Empty,
        };
        return (type.BaseType.IsNil ? string.Empty : NameOf(type.BaseType)) switch
        {
            "System.Enum" => "enum",
            "System.ValueType" => "struct",
            "System.MulticastDelegate" => "delegate",
            _ => modifier + "class",
        };
    }

    private string NameOf(EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeDefinition => _names.GetTypeFromDefinition(_reader, (TypeDefinitionHandle)handle, 0),
        HandleKind.TypeReference => _names.GetTypeFromReference(_reader, (TypeReferenceHandle)handle, 0),
        _ => _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_names, null),
    };
}
