using System.Collections.Generic;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;

namespace OrleansCodeGen.Generator;

/// <summary>Questions about types and attributes.</summary>
internal static class Symbols
{
    internal const string Support = "global::OrleansCodeGen.Support.";

    private static readonly HashSet<string> s_immutable = new()
    {
        "System.Guid", "System.TimeSpan", "System.DateTimeOffset", "System.DateOnly", "System.UInt128", "System.Uri",
        "System.Version", "System.Net.IPAddress", "System.Threading.CancellationToken", "Orleans.Runtime.GrainId",
        "Orleans.Runtime.SiloAddress",
    };

    private static readonly HashSet<string> s_simple = new(s_immutable) { "System.Net.IPEndPoint" };

    private static readonly HashSet<string> s_generic = new()
    {
        "System.Collections.Generic.List<T>", "System.Collections.Generic.HashSet<T>",
        "System.Collections.Immutable.ImmutableArray<T>", "System.ReadOnlyMemory<T>",
        "System.Collections.Generic.KeyValuePair<TKey, TValue>", "System.Collections.Generic.IReadOnlyList<T>",
        "System.Collections.Generic.IReadOnlyList<out T>", "System.Collections.Generic.IReadOnlyCollection<out T>",
        "System.Collections.Generic.IEnumerable<out T>", "System.Collections.Generic.IReadOnlyCollection<T>",
        "System.Collections.Generic.IEnumerable<T>", "System.Collections.Generic.Dictionary<TKey, TValue>",
        "System.Collections.Generic.IReadOnlyDictionary<TKey, TValue>", "System.Nullable<T>",
        "Orleans.Concurrency.Immutable<T>",
    };

    internal static string Full(this ITypeSymbol type)
        => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    internal static string Plain(this ITypeSymbol type)
        => type.OriginalDefinition.ToDisplayString(SymbolDisplayFormat.CSharpErrorMessageFormat);

    internal static AttributeData? Attribute(this ISymbol symbol, string name)
        => symbol.GetAttributes().FirstOrDefault(a => a.AttributeClass?.ToDisplayString() == name);

    internal static bool Has(this ISymbol symbol, string name) => symbol.Attribute(name) is not null;

    internal static string? Alias(this ISymbol symbol)
        => symbol.Attribute("Orleans.AliasAttribute")?.ConstructorArguments.FirstOrDefault().Value as string;

    internal static bool IsGenerated(this ITypeSymbol type)
        => type.OriginalDefinition.Has("Orleans.GenerateSerializerAttribute");

    internal static bool IsAddressable(this ITypeSymbol type)
        => type.TypeKind == TypeKind.Interface
            && (type.ToDisplayString() == "Orleans.Runtime.IAddressable"
                || type.AllInterfaces.Any(i => i.ToDisplayString() == "Orleans.Runtime.IAddressable"));

    internal static bool IsException(this ITypeSymbol? type)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (type.ToDisplayString() == "System.Exception")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The type's name in namespaces and outer types, with the number of type parameters.</summary>
    internal static string MetadataFullName(this INamedTypeSymbol type)
    {
        var name = type.MetadataName;
        for (var outer = type.ContainingType; outer is not null; outer = outer.ContainingType)
        {
            name = outer.MetadataName + "+" + name;
        }

        var space = type.ContainingNamespace;
        return space is null || space.IsGlobalNamespace ? name : space.ToDisplayString() + "." + name;
    }

    internal static string Mangle(string name)
    {
        var text = new StringBuilder();
        foreach (var c in name)
        {
            text.Append(char.IsLetterOrDigit(c) ? c : '_');
        }

        return text.ToString();
    }

    internal static bool IsReachable(this INamedTypeSymbol type)
    {
        for (var symbol = type; symbol is not null; symbol = symbol.ContainingType)
        {
            if (symbol.IsFileLocal || symbol.DeclaredAccessibility is Accessibility.Private or Accessibility.Protected
                or Accessibility.ProtectedAndInternal)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether values never change, as far as can be said at compile time.</summary>
    internal static bool IsImmutable(this ITypeSymbol type, int depth = 0)
    {
        if (depth > 16 || type is ITypeParameterSymbol)
        {
            return false;
        }

        if (IsPrimitive(type) || type.TypeKind == TypeKind.Enum || type.IsException()
            || s_immutable.Contains(type.Plain()))
        {
            return true;
        }

        if (type is not INamedTypeSymbol named)
        {
            return false;
        }

        if (named.OriginalDefinition.ToDisplayString() == "Orleans.Concurrency.Immutable<T>")
        {
            return true;
        }

        var arguments = named.TypeArguments.All(a => a.IsImmutable(depth + 1));
        if (named.IsTupleType || named.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T
            || Name(named) is "System.Collections.Immutable.ImmutableArray<T>" or "System.Collections.Generic.KeyValuePair<TKey, TValue>"
            || named.Has("Orleans.ImmutableAttribute"))
        {
            return arguments;
        }

        return named.IsValueType && named.IsReadOnly && named.IsGenerated()
            && named.GetMembers().OfType<IFieldSymbol>().Where(f => !f.IsStatic).All(f
                => f.Type.IsImmutable(depth + 1));
    }

    /// <summary>The part of <paramref name="type"/> for which there is no codec, or null.</summary>
    internal static ITypeSymbol? WithoutCodec(this ITypeSymbol type, int depth = 0)
    {
        if (type is ITypeParameterSymbol || depth > 16 || IsPrimitive(type) || type.TypeKind == TypeKind.Enum
            || type.SpecialType == SpecialType.System_Object || s_simple.Contains(type.Plain()) || type.IsAddressable()
            || type.IsException())
        {
            return null;
        }

        if (type is IArrayTypeSymbol array)
        {
            return array.Rank == 1 ? array.ElementType.WithoutCodec(depth + 1) : type;
        }

        if (type is not INamedTypeSymbol named)
        {
            return type;
        }

        var isKnown = named.IsGenerated() || (named.IsTupleType && named.TupleElements.Length <= 5)
            || s_generic.Contains(Name(named))
            || (named.TypeKind == TypeKind.Interface
                && !(named.ContainingNamespace?.ToDisplayString() ?? "").StartsWith("System"));
        return isKnown
            ? named.TypeArguments.Select(a => a.WithoutCodec(depth + 1)).FirstOrDefault(a => a is not null)
            : type;
    }

    internal static uint Hash(string text)
    {
        var hash = 2166136261u;
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ b) * 16777619u;
        }

        return hash;
    }

    internal static string Quote(string text)
        => Microsoft.CodeAnalysis.CSharp.SymbolDisplay.FormatLiteral(text, quote: true);

    private static string Name(INamedTypeSymbol type) => type.OriginalDefinition.ToDisplayString();

    private static bool IsPrimitive(ITypeSymbol type) => type.SpecialType switch
    {
        SpecialType.System_Boolean or SpecialType.System_Char or SpecialType.System_SByte or SpecialType.System_Byte
            or SpecialType.System_Int16 or SpecialType.System_UInt16 or SpecialType.System_Int32
            or SpecialType.System_UInt32 or SpecialType.System_Int64 or SpecialType.System_UInt64
            or SpecialType.System_Single or SpecialType.System_Double or SpecialType.System_Decimal
            or SpecialType.System_String or SpecialType.System_DateTime => true,
        _ => false,
    };
}
