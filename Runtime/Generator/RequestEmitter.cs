using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;

namespace OrleansCodeGen.Generator;

/// <summary>Emits the request class of a method: its arguments as fields, and what is done with them.</summary>
internal static class RequestEmitter
{
    private const string Fqn = Symbols.Support;

    internal static void Emit(StringBuilder text, MethodModel method)
    {
        var parameters = method.Symbol.Parameters;
        var result = method.Result?.Full() ?? Fqn + "Unit";
        text.Append("        private sealed class R").Append(method.Index).Append(" : ").Append(Fqn)
            .Append("GrainRequest<")
            .Append(result).Append(">\n        {\n");
        for (var i = 0; i < parameters.Length; i++)
        {
            text.Append("            internal ").Append(parameters[i].Type.Full()).Append(" A").Append(i).Append(";\n");
        }

        text.Append("            protected override bool CopiesResult => ")
            .Append(method.CopiesResult ? "true" : "false")
            .Append(";\n            public override int GetArgumentCount() => ").Append(parameters.Length)
            .Append(";\n");
        text.Append("            public override object GetArgument(int index) => index switch { ")
            .Append(string.Concat(parameters.Select(static (_, i) => $"{i} => A{i}, ")))
            .Append("_ => throw new global::System.ArgumentOutOfRangeException(nameof(index)) };\n");
        EmitSetArgument(text, parameters);
        text.Append("            public override void CopyArguments()\n            {\n");
        for (var i = 0; i < parameters.Length; i++)
        {
            if (!parameters[i].Type.IsImmutable() && !parameters[i].Has("Orleans.ImmutableAttribute"))
            {
                text.Append("                A").Append(i).Append(" = ").Append(Fqn).Append("Codecs.Copy(A").Append(i)
                    .Append(");\n");
            }
        }

        text.Append("            }\n");
        EmitWire(text, parameters);
        text.Append("            public override void SetCancellation("
                + "global::System.Threading.CancellationToken cancellation)\n")
            .Append("            {\n");
        for (var i = 0; i < parameters.Length; i++)
        {
            if (MethodModel.IsToken(parameters[i]))
            {
                text.Append("                A").Append(i).Append(" = cancellation;\n");
            }
        }

        text.Append("            }\n");
        EmitInvoke(text, method, result);
        text.Append("        }\n\n");
    }

    private static void EmitSetArgument(StringBuilder text,
        System.Collections.Immutable.ImmutableArray<IParameterSymbol> parameters)
    {
        text.Append(
            "            public override void SetArgument(int index, object value)\n            {\n"
            + "                switch (index)\n                {\n");
        for (var i = 0; i < parameters.Length; i++)
        {
            text.Append("                    case ").Append(i).Append(": A").Append(i).Append(" = (")
                .Append(parameters[i].Type.Full())
                .Append(")value; break;\n");
        }

        text.Append(
            "                    default: throw new global::System.ArgumentOutOfRangeException(nameof(index));\n"
            + "                }\n            }\n");
    }

    private static void EmitWire(StringBuilder text,
        System.Collections.Immutable.ImmutableArray<IParameterSymbol> parameters)
    {
        text.Append("            public override void WriteArguments(").Append(Fqn)
            .Append("WireWriter writer)\n            {\n");
        for (var i = 0; i < parameters.Length; i++)
        {
            if (!MethodModel.IsToken(parameters[i]))
            {
                text.Append("                ").Append(Fqn).Append("Codecs.WriteField(writer, ").Append(i + 1)
                    .Append("u, A")
                    .Append(i).Append(");\n");
            }
        }

        text.Append("            }\n            public override bool TryReadArgument(ref ").Append(Fqn)
            .Append("WireReader reader, uint wireId, ").Append(Fqn)
            .Append("WireType type)\n            {\n                switch (wireId)\n                {\n");
        for (var i = 0; i < parameters.Length; i++)
        {
            if (!MethodModel.IsToken(parameters[i]))
            {
                text.Append("                    case ").Append(i + 1).Append("u: A").Append(i).Append(" = ")
                    .Append(Fqn)
                    .Append("Codecs.Read<").Append(parameters[i].Type.Full())
                    .Append(">(ref reader, type); return true;\n");
            }
        }

        text.Append("                    default: return false;\n                }\n            }\n");
    }

    private static void EmitInvoke(StringBuilder text, MethodModel method, string result)
    {
        var call = $"(({method.Symbol.ContainingType.Full()})grain).{method.Symbol.Name}("
            + string.Join(", ", method.Symbol.Parameters.Select(static (_, i) => "A" + i)) + ")";
        text.Append("            protected override global::System.Threading.Tasks.ValueTask<").Append(result)
            .Append("> InvokeAsync(object grain) => ");
        if (method.Result is null)
        {
            text.Append(Fqn).Append("Unit.From(").Append(call).Append(");\n");
        }
        else if (method.IsTask)
        {
            text.Append("new global::System.Threading.Tasks.ValueTask<").Append(result).Append(">(").Append(call)
                .Append(");\n");
        }
        else
        {
            text.Append(call).Append(";\n");
        }
    }
}
