using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansCodeGen.Generator;

/// <summary>Emits the codec of a type marked <c>[GenerateSerializer]</c>.</summary>
/// <remarks>
/// A group: field n + 1 is the member with [Id(n)]; field 0 is the part of a base class that is marked too, a group
/// again.
/// </remarks>
internal static class CodecEmitter
{
    private const string Fqn = Symbols.Support;

    internal static GeneratedPart Emit(INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum)
        {
            return GeneratedPart.Empty(default);
        }

        var complaints = new List<Complaint>();
        if (!type.IsReachable())
        {
            complaints.Add(Complaint.At(Rules.Unreachable, type, type.Name));
        }

        var levels = LevelsOf(type, complaints);
        var name = "Codec_" + Symbols.Mangle(type.MetadataFullName());
        if (complaints.Count > 0)
        {
            return new GeneratedPart("Bad_"
                + name, string.Empty, string.Empty, PartKind.None, new EquatableArray<Complaint>(complaints));
        }

        var text = new StringBuilder();
        var parameters = type.IsGenericType ? "<" + string.Join(", ", TypeParameters(type).Select(static p => p.Name))
            + ">" : "";
        text.Append(Symbols.Header)
            .Append("    internal sealed class ").Append(name).Append(parameters).Append(" : ");
        if (type.IsException())
        {
            text.Append(Fqn).Append("TypeCodec<").Append(type.Full()).Append(">, ").Append(Fqn)
                .Append("IExceptionMembers\n    {\n");
            EmitException(text, type, levels);
        }
        else
        {
            text.Append(Fqn).Append("TypeCodec<").Append(type.Full()).Append('>').Append(Constraints(type))
                .Append("\n    {\n");
            EmitWire(text, type, levels);
            EmitCopy(text, type, levels);
        }

        EmitAccessors(text, levels);
        text.Append("    }\n}\n");
        var commas = type.IsGenericType ? "<" + new string(',', TypeParameters(type).Count - 1) + ">" : "";
        var open = type.IsGenericType ? OpenName(type) : type.Full();
        var entry = $"new {Fqn}SerializableType(typeof({open}), "
            + $"typeof(global::OrleansCodeGen.Generated.{name}{commas}), "
            + Symbols.Quote(type.Alias() ?? type.MetadataFullName()) + ")";
        return new GeneratedPart(name + ".g.cs", text.ToString(), entry, PartKind.Type, default);
    }

    private static List<ITypeParameterSymbol> TypeParameters(INamedTypeSymbol type) => type.TypeParameters.ToList();

    private static string OpenName(INamedTypeSymbol type)
    {
        var full = type.Full();
        return full.Substring(0, full.LastIndexOf('<')) + "<" + new string(',', type.TypeParameters.Length - 1) + ">";
    }

    private static string Constraints(INamedTypeSymbol type)
    {
        var text = new StringBuilder();
        foreach (var parameter in type.TypeParameters)
        {
            var parts = new List<string>();
            if (parameter.HasUnmanagedTypeConstraint)
            {
                parts.Add("unmanaged");
            }
            else if (parameter.HasValueTypeConstraint)
            {
                parts.Add("struct");
            }
            else if (parameter.HasReferenceTypeConstraint)
            {
                parts.Add("class");
            }
            else if (parameter.HasNotNullConstraint)
            {
                parts.Add("notnull");
            }

            parts.AddRange(parameter.ConstraintTypes.Select(static c => c.Full()));
            if (parameter.HasConstructorConstraint)
            {
                parts.Add("new()");
            }

            if (parts.Count > 0)
            {
                text.Append(" where ").Append(parameter.Name).Append(" : ").Append(string.Join(", ", parts));
            }
        }

        return text.ToString();
    }

    /// <summary>The type and its marked base classes, the type first.</summary>
    private static List<List<MemberModel>> LevelsOf(INamedTypeSymbol type, List<Complaint> complaints)
    {
        var levels = new List<List<MemberModel>>();
        for (var level = type; level is not null && level.IsGenerated(); level = level.BaseType)
        {
            levels.Add(MemberModel.Of(level, levels.Count, complaints));
        }

        return levels;
    }

    private static void EmitWire(StringBuilder text, INamedTypeSymbol type, List<List<MemberModel>> levels)
    {
        text.Append("        public override ").Append(Fqn).Append("WireType WireType => ").Append(Fqn)
            .Append("WireType.Group;\n")
            .Append("        public override void Write(").Append(Fqn).Append("WireWriter writer, ").Append(type.Full())
            .Append(" value)\n        {\n            writer.EnterGroup();\n");
        for (var i = 0; i < levels.Count; i++)
        {
            if (i > 0)
            {
                text.Append("            writer.WriteTag(0u, ").Append(Fqn)
                    .Append("WireType.Group);\n            writer.EnterGroup();\n");
            }

            foreach (var member in levels[i])
            {
                text.Append("            ").Append(Fqn).Append("Codecs.WriteField(writer, ").Append(member.WireId)
                    .Append("u, ")
                    .Append(member.Get("value")).Append(");\n");
            }
        }

        foreach (var _ in levels)
        {
            text.Append("            writer.WriteEnd();\n");
        }

        text.Append("        }\n        public override ").Append(type.Full()).Append(" Read(ref ").Append(Fqn)
            .Append("WireReader reader, ").Append(Fqn).Append("WireType type)\n        {\n");
        if (type.IsAbstract)
        {
            text.Append("            throw new ").Append(Fqn)
                .Append("WireException(\"an abstract type has no values\");\n        }\n");
            return;
        }

        foreach (var member in levels.SelectMany(static l => l))
        {
            text.Append("            ").Append(member.Type.Full()).Append(' ').Append(member.Local)
                .Append(" = default;\n");
        }

        EmitLoop(text, levels, 0, "            ");
        EmitConstruct(text, type, levels.SelectMany(static l => l).ToList(), static m => m.Local);
        text.Append("        }\n");
    }

    private static void EmitLoop(StringBuilder text, List<List<MemberModel>> levels, int level, string indent)
    {
        var type = level == 0 ? "type" : "type" + level;
        var next = "type" + (level + 1);
        text.Append(indent).Append("reader.EnterGroup(").Append(type).Append(");\n").Append(indent)
            .Append("while (reader.TryReadTag(out var id").Append(level).Append(", out var ").Append(next)
            .Append("))\n")
            .Append(indent).Append("{\n").Append(indent).Append("    switch (id").Append(level).Append(")\n")
            .Append(indent).Append("    {\n");
        if (level + 1 < levels.Count)
        {
            text.Append(indent).Append("        case 0u:\n");
            EmitLoop(text, levels, level + 1, indent + "            ");
            text.Append(indent).Append("            break;\n");
        }

        foreach (var member in levels[level])
        {
            text.Append(indent).Append("        case ").Append(member.WireId).Append("u: ").Append(member.Local)
                .Append(" = ")
                .Append(Fqn).Append("Codecs.Read<").Append(member.Type.Full()).Append(">(ref reader, ").Append(next)
                .Append("); break;\n");
        }

        text.Append(indent).Append("        default: reader.Skip(").Append(next).Append("); break;\n")
            .Append(indent).Append("    }\n").Append(indent).Append("}\n");
    }

    private static void EmitConstruct(
        StringBuilder text, INamedTypeSymbol type, List<MemberModel> members, System.Func<MemberModel, string> value)
    {
        // A parameter that only goes on to the base record is the base's member of that name.
        var parameters = MemberModel.PrimaryParameters(type);
        var positional = parameters.Select(p => members.FirstOrDefault(m => m.Name == p)!).ToList();
        var isComplete = positional.All(static m => m is not null);
        positional = isComplete ? positional : new List<MemberModel>();
        var set = members.Except(positional).ToList();
        var initialised = set.Where(static m => m.IsSettable).ToList();
        var hasConstructor = (parameters.Count > 0 && isComplete) || type.IsValueType
            || type.InstanceConstructors.Any(static c => c.Parameters.Length == 0
                && c.DeclaredAccessibility is Accessibility.Public or Accessibility.Internal);
        text.Append("            var result = ");
        if (hasConstructor)
        {
            text.Append("new ").Append(type.Full()).Append('(').Append(string.Join(", ", positional.Select(value)))
                .Append(") { ")
                .Append(string.Join(", ", initialised.Select(m => $"@{m.Name} = {value(m)}"))).Append(" };\n");
        }
        else
        {
            text.Append('(').Append(type.Full())
                .Append(")global::System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(typeof(")
                .Append(type.Full()).Append("));\n");
        }

        foreach (var member in hasConstructor ? set.Where(static m => !m.IsSettable) : set)
        {
            text.Append("            ").Append(member.Reference("result")).Append(" = ").Append(value(member))
                .Append(";\n");
        }

        text.Append("            return result;\n");
    }

    private static void EmitCopy(StringBuilder text, INamedTypeSymbol type, List<List<MemberModel>> levels)
    {
        var isMarked = type.Has("Orleans.ImmutableAttribute");
        var isImmutable = type.IsImmutable();
        var condition = isImmutable ? "true"
            : isMarked ? string.Join(" && ", type.TypeParameters.Select(static p
                => $"{Fqn}Codecs.IsImmutable<{p.Name}>()"))
            : "false";
        text.Append("        public override bool IsImmutable => ").Append(condition).Append(";\n")
            .Append("        public override ").Append(type.Full()).Append(" Copy(").Append(type.Full())
            .Append(" value)\n        {\n");
        if (isImmutable || type.IsAbstract)
        {
            text.Append("            return value;\n        }\n");
            return;
        }

        text.Append("            if (IsImmutable) return value;\n");
        EmitConstruct(
            text,
            type,
            levels.SelectMany(static l => l).ToList(),
            static m => m.Type.IsImmutable() ? m.Get("value") : $"{Fqn}Codecs.Copy({m.Get("value")})");
        text.Append("        }\n");
    }

    private static void EmitException(StringBuilder text, INamedTypeSymbol type, List<List<MemberModel>> levels)
    {
        var codec = $"{Fqn}Codecs.Get<global::System.Exception>()";
        text.Append("        public override ").Append(Fqn).Append("WireType WireType => ").Append(codec)
            .Append(".WireType;\n")
            .Append("        public override bool IsImmutable => true;\n        public override ").Append(type.Full())
            .Append(" Copy(")
            .Append(type.Full()).Append(" value) => value;\n        public override void Write(").Append(Fqn)
            .Append("WireWriter writer, ").Append(type.Full()).Append(" value) => ").Append(codec)
            .Append(".Write(writer, value);\n")
            .Append("        public override ").Append(type.Full()).Append(" Read(ref ").Append(Fqn)
            .Append("WireReader reader, ")
            .Append(Fqn).Append("WireType type) => (").Append(type.Full()).Append(')').Append(codec)
            .Append(".Read(ref reader, type);\n        void ").Append(Fqn).Append("IExceptionMembers.WriteMembers(")
            .Append(Fqn)
            .Append("WireWriter writer, global::System.Exception exception)\n        {\n            var value = (")
            .Append(type.Full()).Append(")exception;\n");
        var members = levels.SelectMany(static l => l).ToList();
        foreach (var member in members)
        {
            text.Append("            ").Append(Fqn).Append("Codecs.WriteField(writer, ").Append(ExceptionId(member))
                .Append("u, ")
                .Append(member.Get("value")).Append(");\n");
        }

        text.Append("        }\n        bool ").Append(Fqn).Append("IExceptionMembers.TryReadMember(ref ").Append(Fqn)
            .Append("WireReader reader, uint wireId, ").Append(Fqn)
            .Append("WireType type, global::System.Exception exception)\n        {\n            var result = (")
            .Append(type.Full())
            .Append(")exception;\n            switch (wireId)\n            {\n");
        foreach (var member in members)
        {
            text.Append("                case ").Append(ExceptionId(member)).Append("u: ")
                .Append(member.Reference("result")).Append(" = ")
                .Append(Fqn).Append("Codecs.Read<").Append(member.Type.Full())
                .Append(">(ref reader, type); return true;\n");
        }

        text.Append("                default: return false;\n            }\n        }\n");
    }

    /// <summary>Fields from 16; each base class has 1000 numbers of its own.</summary>
    private static string ExceptionId(MemberModel member)
        => (16 + member.Id + (member.Level * 1000)).ToString(CultureInfo.InvariantCulture);

    private static void EmitAccessors(StringBuilder text, List<List<MemberModel>> levels)
    {
        foreach (var member in levels.SelectMany(static l => l).Where(static m => m.NeedsAccessor))
        {
            var byRef = member.Owner.IsValueType ? "ref " : string.Empty;
            text.Append(
                "        [global::System.Runtime.CompilerServices.UnsafeAccessor("
                + "global::System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = ")
                .Append(Symbols.Quote(member.FieldName)).Append(")]\n        private static extern ref ")
                .Append(member.Type.Full())
                .Append(" F").Append(member.Level).Append('_').Append(member.Id).Append('(').Append(byRef)
                .Append(member.Owner.Full())
                .Append(" target);\n");
        }
    }
}

/// <summary>A member of a serialized type.</summary>
internal sealed class MemberModel
{
    private MemberModel(INamedTypeSymbol owner, int level, uint id, string name, ITypeSymbol type, ISymbol symbol)
    {
        Owner = owner;
        Level = level;
        Id = id;
        Name = name;
        Type = type;
        IsReadable = IsVisible(symbol)
            && (symbol is not IPropertySymbol p || (p.GetMethod is { } get && IsVisible(get)));
        IsSettable = IsVisible(symbol) && (symbol is IPropertySymbol { SetMethod: { } set } ? IsVisible(set)
            : symbol is IFieldSymbol { IsReadOnly: false });
        FieldName = symbol is IPropertySymbol ? $"<{name}>k__BackingField" : name;
    }

    internal INamedTypeSymbol Owner { get; }

    internal int Level { get; }

    internal uint Id { get; }

    internal string Name { get; }

    internal ITypeSymbol Type { get; }

    internal int ParameterIndex { get; private set; } = -1;

    internal bool IsReadable { get; }

    internal bool IsSettable { get; }

    internal string FieldName { get; }

    internal string WireId => (Id + 1).ToString(CultureInfo.InvariantCulture);

    internal string Local => $"m{Level}_{Id}";

    internal bool NeedsAccessor => !IsReadable || ParameterIndex < 0 || Level > 0;

    internal static List<MemberModel> Of(INamedTypeSymbol type, int level, List<Complaint> complaints)
    {
        var members = new List<MemberModel>();
        var parameters = PrimaryParameters(type);
        foreach (var symbol in type.GetMembers().Where(static m => !m.IsStatic && m is IFieldSymbol or IPropertySymbol))
        {
            var index = symbol is IPropertySymbol ? parameters.IndexOf(symbol.Name) : -1;
            if (symbol.IsStatic || !IsStored(symbol, type) || symbol.Has("System.NonSerializedAttribute"))
            {
                continue;
            }

            if (symbol.Attribute("Orleans.IdAttribute") is { } attribute)
            {
                members.Add(Make(type, level,
                    System.Convert.ToUInt32(attribute.ConstructorArguments[0].Value, CultureInfo.InvariantCulture),
                    symbol, index));
            }
            else if (index >= 0)
            {
                members.Add(Make(type, level, (uint)index, symbol, index));
            }
            else
            {
                complaints.Add(Complaint.At(Rules.MissingId, symbol, symbol.Name, type.Name));
            }
        }

        foreach (var group in members.GroupBy(static m => m.Id).Where(static g => g.Count() > 1))
        {
            complaints.Add(Complaint.At(Rules.DuplicateId, type, type.Name, group.Key));
        }

        foreach (var member in members)
        {
            if (member.Type.WithoutCodec() is { } missing)
            {
                complaints.Add(Complaint.At(Rules.NoCodec, type, $"'{member.Name}' of '{type.Name}'",
                    missing.ToDisplayString()));
            }
        }

        members.Sort(static (a, b) => a.Id.CompareTo(b.Id));
        return members;
    }

    internal string Get(string target) => IsReadable ? $"{target}.@{Name}" : Reference(target);

    internal string Reference(string target) => $"F{Level}_{Id}({(Owner.IsValueType ? "ref " : string.Empty)}{target})";

    private static MemberModel Make(INamedTypeSymbol type, int level, uint id, ISymbol symbol, int index)
        => new(type, level, id, symbol.Name, symbol is IPropertySymbol p ? p.Type : ((IFieldSymbol)symbol).Type, symbol)
        {
            ParameterIndex = index,
        };

    private static bool IsVisible(ISymbol symbol)
        => symbol.DeclaredAccessibility
            is Accessibility.Public or Accessibility.Internal or Accessibility.ProtectedOrInternal;

    /// <summary>A field, or a property that the compiler keeps in one.</summary>
    private static bool IsStored(ISymbol symbol, INamedTypeSymbol type) => symbol switch
    {
        IFieldSymbol { IsConst: true } => false,
        IFieldSymbol field => field.AssociatedSymbol is null && !field.IsImplicitlyDeclared,
        IPropertySymbol property => type.GetMembers().OfType<IFieldSymbol>()
            .Any(f => SymbolEqualityComparer.Default.Equals(f.AssociatedSymbol, property)),
        _ => false,
    };

    /// <summary>The names of a positional record's parameters.</summary>
    internal static List<string> PrimaryParameters(INamedTypeSymbol type)
    {
        foreach (var reference in type.DeclaringSyntaxReferences)
        {
            if (reference.GetSyntax() is RecordDeclarationSyntax { ParameterList: { } list })
            {
                return list.Parameters.Select(static p => p.Identifier.ValueText).ToList();
            }
        }

        if (!type.IsRecord || type.DeclaringSyntaxReferences.Length > 0)
        {
            return new List<string>();
        }

        // A base record from another assembly: its primary constructor has the parameters of Deconstruct.
        var deconstruct = type.GetMembers("Deconstruct").OfType<IMethodSymbol>().FirstOrDefault();
        return deconstruct?.Parameters.Select(static p => p.Name).ToList() ?? new List<string>();
    }
}
