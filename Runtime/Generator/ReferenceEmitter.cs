using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;

namespace OrleansCodeGen.Generator;

/// <summary>Emits, for a grain or observer interface, its reference with one request class a method.</summary>
internal static class ReferenceEmitter
{
    private const string Fqn = Symbols.Support;

    internal static GeneratedPart Emit(INamedTypeSymbol type)
    {
        var complaints = new List<Complaint>();
        if (type.IsGenericType)
        {
            complaints.Add(Complaint.At(Rules.GenericMethod, type, type.Name));
        }

        if (!type.IsReachable())
        {
            complaints.Add(Complaint.At(Rules.Unreachable, type, type.Name));
        }

        var methods = FindMethods(type, complaints);
        if (complaints.Count > 0)
        {
            return new GeneratedPart(
                "Bad_" + Symbols.Mangle(type.MetadataFullName()), string.Empty, string.Empty, PartKind.None,
                new EquatableArray<Complaint>(complaints));
        }

        var alias = type.Alias() ?? type.MetadataFullName();
        var name = "Reference_" + Symbols.Mangle(type.MetadataFullName());
        var text = new StringBuilder();
        text.Append(Symbols.Header);
        text.Append("    internal sealed class ").Append(name).Append(" : ").Append(Fqn).Append("GeneratedReference, ")
            .Append(type.Full()).Append("\n    {\n");
        foreach (var method in methods)
        {
            EmitDescriptor(text, method);
        }

        text.Append("        internal static readonly ").Append(Fqn).Append("GrainInterface Info = new ").Append(Fqn)
            .Append("GrainInterface(typeof(").Append(type.Full()).Append("), ").Append(Symbols.Quote(alias))
            .Append(", ")
            .Append(Symbols.Hash(alias).ToString(CultureInfo.InvariantCulture)).Append("u, new ").Append(Fqn)
            .Append("GrainMethod[] { ").Append(string.Join(", ", methods.Select(static m => "M" + m.Index)))
            .Append(" }, static b => new ").Append(name).Append("(b));\n\n");
        text.Append("        internal ").Append(name).Append('(').Append(Fqn)
            .Append("ReferenceBinding b) : base(b) { }\n\n");
        foreach (var method in methods)
        {
            EmitCall(text, method);
            RequestEmitter.Emit(text, method);
        }

        text.Append("    }\n}\n");
        return new GeneratedPart(
            name + ".g.cs", text.ToString(), $"global::OrleansCodeGen.Generated.{name}.Info", PartKind.Interface,
                default);
    }

    private static List<MethodModel> FindMethods(INamedTypeSymbol type, List<Complaint> complaints)
    {
        var methods = new List<MethodModel>();
        var ids = new Dictionary<uint, string>();
        var alias = type.Alias() ?? type.MetadataFullName();
        var interfaces = new[] { type }.Concat(type.AllInterfaces.OrderBy(static i
            => i.MetadataFullName(), StringComparer.Ordinal));
        foreach (var member in interfaces.SelectMany(static i => i.GetMembers()))
        {
            if (member is IPropertySymbol or IEventSymbol)
            {
                complaints.Add(Complaint.At(Rules.Property, member, member.Name));
            }

            if (member is not IMethodSymbol { MethodKind: MethodKind.Ordinary, IsStatic: false } method)
            {
                continue;
            }

            Check(method, complaints);
            var model = new MethodModel(method, type, methods.Count, alias);
            methods.Add(model);
            if (ids.TryGetValue(model.Id, out var other))
            {
                complaints.Add(Complaint.At(Rules.DuplicateMethod, method, method.Name, other));
            }

            ids[model.Id] = method.Name;
        }

        return methods;
    }

    private static void Check(IMethodSymbol method, List<Complaint> complaints)
    {
        if (method.IsGenericMethod)
        {
            complaints.Add(Complaint.At(Rules.GenericMethod, method, method.Name));
        }

        if (!MethodModel.TryGetResult(method.ReturnType, out var result))
        {
            complaints.Add(Complaint.At(Rules.NotAwaitable, method, method.Name, method.ReturnType.ToDisplayString()));
        }
        else if (result?.WithoutCodec() is { } missing)
        {
            complaints.Add(Complaint.At(Rules.NoCodec, method, "the result of '" + method.Name
                + "'", missing.ToDisplayString()));
        }

        foreach (var parameter in method.Parameters)
        {
            if (parameter.RefKind != RefKind.None)
            {
                complaints.Add(Complaint.At(Rules.RefParameter, method, method.Name, parameter.Name));
            }
            else if (parameter.Type.WithoutCodec() is { } missing)
            {
                complaints.Add(Complaint.At(
                    Rules.NoCodec, method, $"the parameter '{parameter.Name}' of '{method.Name}'",
                        missing.ToDisplayString()));
            }
        }
    }

    private static void EmitDescriptor(StringBuilder text, MethodModel method)
        => text.Append("        internal static readonly ").Append(Fqn).Append("GrainMethod M").Append(method.Index)
            .Append(" = new ").Append(Fqn).Append("GrainMethod(")
            .Append(method.Id.ToString(CultureInfo.InvariantCulture))
            .Append("u, ").Append(Symbols.Quote(method.Symbol.Name))
            .Append(", (global::Orleans.CodeGeneration.InvokeMethodOptions)")
            .Append(method.Options).Append(", ").Append(method.TimeoutTicks.ToString(CultureInfo.InvariantCulture))
            .Append("L, static () => new R").Append(method.Index).Append("());\n");

    private static void EmitCall(StringBuilder text, MethodModel method)
    {
        var asTask = method.IsTask ? ".AsTask()" : string.Empty;
        var token = method.TokenName is { } t ? ", " + t : string.Empty;
        text.Append("        ").Append(method.Symbol.ReturnType.Full()).Append(' ')
            .Append(method.Symbol.ContainingType.Full()).Append('.').Append(method.Symbol.Name).Append('(')
            .Append(string.Join(", ", method.Symbol.Parameters.Select(static p => $"{p.Type.Full()} @{p.Name}")))
            .Append(")\n        {\n");
        var send = $"SendAsync(M{method.Index}, new R{method.Index} {{ "
            + string.Join(", ", method.Symbol.Parameters.Select(static (p, i) => $"A{i} = @{p.Name}"))
            + $" }}{token}){asTask}";
        if (method.IsOneWay)
        {
            text.Append("            return ").Append(send).Append(";\n        }\n\n");
            return;
        }

        var enter = method.TokenName is { } name
            ? $"TryEnterUncancelled(M{method.Index}, {name}, out var turn)"
            : $"TryEnter(M{method.Index}, out var turn)";
        var fail = method.Result is null ? "turn.Fail(e)" : $"turn.Fail<{method.Result.Full()}>(e)";
        text.Append("            if (!").Append(enter).Append(")\n            {\n                return ").Append(send)
            .Append(";\n            }\n\n            ").Append(method.Symbol.ReturnType.Full()).Append(" answer;\n")
            .Append("            try\n            {\n                answer = ((")
            .Append(method.Symbol.ContainingType.Full())
            .Append(")turn.Grain).").Append(method.Symbol.Name).Append('(')
            .Append(string.Join(", ", method.Symbol.Parameters.Select(static p =>
                p.Type.IsImmutable()
                    || p.Has("Orleans.ImmutableAttribute") ? "@" + p.Name : $"{Fqn}Codecs.Copy(@{p.Name})")))
            .Append(");\n            }\n            catch (global::System.Exception e)\n            {\n")
            .Append("                return ")
            .Append(fail).Append(asTask).Append(";\n            }\n\n            return turn.")
            .Append(method.CopiesResult ? "LeaveCopied" : "Leave").Append("(answer);\n        }\n\n");
    }
}

/// <summary>A method of a grain interface while its code is emitted.</summary>
internal sealed class MethodModel
{
    internal MethodModel(IMethodSymbol symbol, INamedTypeSymbol type, int index, string interfaceAlias)
    {
        Symbol = symbol;
        Index = index;
        TryGetResult(symbol.ReturnType, out var result);
        Result = result;
        var parameters = string.Join(",", symbol.Parameters.Select(static p => p.Type.Alias() ?? p.Type.Full()));
        Id = Symbols.Hash($"{interfaceAlias}.{symbol.Alias() ?? symbol.Name}({parameters})");
        Options = (symbol.Has("Orleans.Concurrency.OneWayAttribute") ? 1 : 0)
            | (symbol.Has("Orleans.Concurrency.ReadOnlyAttribute") ? 2 : 0)
            | (symbol.Has("Orleans.Concurrency.AlwaysInterleaveAttribute") ? 4 : 0)
            | (symbol.Has("Orleans.Concurrency.UnorderedAttribute") ? 8 : 0);
        var timeout = (symbol.Attribute("Orleans.ResponseTimeoutAttribute")
            ?? symbol.ContainingType.Attribute("Orleans.ResponseTimeoutAttribute")
            ?? type.Attribute("Orleans.ResponseTimeoutAttribute"))
            ?.ConstructorArguments.FirstOrDefault().Value as string;
        TimeoutTicks = TimeSpan.TryParse(timeout, CultureInfo.InvariantCulture, out var time) ? time.Ticks : 0;
        TokenName = symbol.Parameters.FirstOrDefault(IsToken) is { } token ? "@" + token.Name : null;
    }

    internal IMethodSymbol Symbol { get; }

    internal int Index { get; }

    internal uint Id { get; }

    internal int Options { get; }

    internal bool IsOneWay => (Options & 1) != 0;

    internal long TimeoutTicks { get; }

    internal string? TokenName { get; }

    /// <summary>The result's type; null: none.</summary>
    internal ITypeSymbol? Result { get; }

    internal bool IsTask => Symbol.ReturnType.Name == "Task";

    internal bool CopiesResult => Result is not null && !Result.IsImmutable();

    internal static bool IsToken(IParameterSymbol parameter)
        => parameter.Type.ToDisplayString() == "System.Threading.CancellationToken";

    internal static bool TryGetResult(ITypeSymbol type, out ITypeSymbol? result)
    {
        result = null;
        if (type is not INamedTypeSymbol { Name: "Task" or "ValueTask" } named
            || named.ContainingNamespace.ToDisplayString() != "System.Threading.Tasks")
        {
            return false;
        }

        result = named.TypeArguments.FirstOrDefault();
        return true;
    }
}
