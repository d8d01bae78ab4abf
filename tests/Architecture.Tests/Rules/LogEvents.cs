using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// Log events stand in files XLog.cs, take their number from their project's block, and share it with no other.
/// </summary>
internal static class LogEvents
{
    private const int BlockSize = 1000;

    private static readonly string[] Blocks = ["Runtime", "Grains", "Client", "DataPlane", "Fuse", "Gateways", "Silo"];

    public static IEnumerable<string> Check(IEnumerable<SourceFile> files)
    {
        var seen = new Dictionary<int, string>();
        foreach (var file in files)
        {
            var block = Array.IndexOf(Blocks, ProjectEdges.NameOf(file.Path));
            foreach (var method in file.Root.DescendantNodes().OfType<MethodDeclarationSyntax>())
            {
                if (Attributes.Find(method.AttributeLists, "LoggerMessage") is not { } attribute) continue;
                if (!file.Path.EndsWith("Log.cs", StringComparison.Ordinal))
                {
                    yield return file.Violation(attribute, "a log event outside an XLog.cs");
                }

                if (NumberOf(attribute) is not { } number)
                {
                    yield return file.Violation(attribute, "a log event without a number");
                    continue;
                }

                if (block >= 0 && number / BlockSize != block)
                {
                    yield return file.Violation(attribute, $"event {number} is outside the block {block}xxx");
                }

                if (!seen.TryAdd(number, file.Path))
                {
                    yield return file.Violation(attribute, $"event {number} is also in {seen[number]}");
                }
            }
        }
    }

    // The first argument, or the one named EventId.
    private static int? NumberOf(AttributeSyntax attribute)
    {
        var arguments = attribute.ArgumentList?.Arguments ?? [];
        var named = arguments.FirstOrDefault(argument => argument.NameEquals?.Name.Identifier.Text == "EventId");
        var expression = (named ?? arguments.FirstOrDefault(argument => argument.NameEquals is null))?.Expression;
        return expression.IsKind(SyntaxKind.NumericLiteralExpression)
            ? int.Parse(expression!.ToString().Replace("_", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
            : null;
    }
}
