using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// Only Grains*, Client, Silo and Cli may say <c>using Orleans</c>; Primitives the serialization attributes; and
/// Runtime holds nothing but Orleans' own namespaces and knows nothing of ClaudeFS.
/// </summary>
internal static class OrleansUsings
{
    private static readonly string[] Users =
        ["Grains", "Grains.Interfaces", "Client", "Silo", "Cli", "Runtime", "tests", "bench", "eng"];

    // OrleansCodeGen is where Orleans puts what is generated and what that leans on; the rest is polyfills.
    private static readonly string[] RuntimeNamespaces =
        ["Orleans", "OrleansCodeGen", "Microsoft.Extensions", "System.Runtime.CompilerServices"];

    public static IEnumerable<string> Check(SourceFile file)
    {
        var project = ProjectEdges.NameOf(file.Path);
        foreach (var name in file.Root.DescendantNodes().OfType<UsingDirectiveSyntax>())
        {
            var target = name.NamespaceOrType.ToString().Replace("global::", "", StringComparison.Ordinal);
            if (project == "Runtime" && IsIn(target, "ClaudeFs"))
            {
                yield return file.Violation(name, "the runtime knows nothing of ClaudeFS");
            }

            if (!IsIn(target, "Orleans") || Users.Contains(project)) continue;
            if (project == "Primitives" && target == "Orleans" && name.Alias is null) continue;
            yield return file.Violation(name, $"{project} may not use {target}");
        }

        foreach (var name in file.Root.DescendantNodes().OfType<QualifiedNameSyntax>())
        {
            if (name.Parent is QualifiedNameSyntax or UsingDirectiveSyntax || Users.Contains(project)) continue;
            if (IsIn(name.ToString().Replace("global::", "", StringComparison.Ordinal), "Orleans"))
            {
                yield return file.Violation(name, $"{project} may not name {name}");
            }
        }

        if (project != "Runtime") yield break;
        foreach (var declaration in file.Root.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>())
        {
            var name = declaration.Name.ToString();
            if (Array.Exists(RuntimeNamespaces, space => IsIn(name, space))) continue;
            yield return file.Violation(declaration.Name, $"{name} is no namespace of Orleans");
        }
    }

    private static bool IsIn(string name, string space) =>
        name == space || name.StartsWith(space + ".", StringComparison.Ordinal);
}
