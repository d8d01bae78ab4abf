using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// Grain interfaces: every method answers by an awaitable, interfaces and methods have an alias, and there are no
/// properties. What is a grain interface is read off the base lists, so all files are looked at together.
/// </summary>
internal static class GrainContracts
{
    private static readonly string[] Awaitables = ["Task", "ValueTask", "IAsyncEnumerable"];

    public static IEnumerable<string> Check(IEnumerable<SourceFile> files)
    {
        foreach (var (file, contract) in Interfaces(files))
        {
            if (AliasOf(contract.AttributeLists) is null)
            {
                yield return file.Violation(contract.Identifier, $"{contract.Identifier.Text} has no [Alias]");
            }

            var methods = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in contract.Members)
            {
                if (member.Modifiers.Any(SyntaxKind.StaticKeyword)) continue;
                if (member is not MethodDeclarationSyntax method)
                {
                    if (member is BasePropertyDeclarationSyntax or EventFieldDeclarationSyntax)
                    {
                        yield return file.Violation(member, $"{contract.Identifier.Text} has a property or event");
                    }

                    continue;
                }

                var name = $"{contract.Identifier.Text}.{method.Identifier.Text}";
                if (!IsAwaitable(method.ReturnType))
                {
                    yield return file.Violation(method, $"{name} returns no awaitable");
                }

                var alias = AliasOf(method.AttributeLists);
                if (alias is null) yield return file.Violation(method, $"{name} has no [Alias]");
                else if (!methods.Add(alias)) yield return file.Violation(method, $"{name} repeats the alias {alias}");
            }
        }
    }

    /// <summary>
    /// Interfaces with Orleans' key interfaces or the observer's among their bases, and their other bases.
    /// </summary>
    public static IReadOnlyList<(SourceFile File, InterfaceDeclarationSyntax Contract)> Interfaces(
        IEnumerable<SourceFile> files)
    {
        var all = files.SelectMany(file => file.Root.DescendantNodes().OfType<InterfaceDeclarationSyntax>()
            .Select(contract => (File: file, Contract: contract))).ToList();
        var grains = new HashSet<string>(StringComparer.Ordinal);
        for (var before = -1; before != grains.Count;)
        {
            before = grains.Count;
            foreach (var (_, contract) in all)
            {
                var bases = Bases(contract).ToList();
                var isGrain = grains.Contains(contract.Identifier.Text);
                if (!isGrain && !bases.Any(name => IsOrleansBase(name) || grains.Contains(name))) continue;
                grains.Add(contract.Identifier.Text);
                grains.UnionWith(bases.Where(name => !IsOrleansBase(name)));
            }
        }

        return [.. all.Where(item => grains.Contains(item.Contract.Identifier.Text))];
    }

    /// <summary>The text of an [Alias], or null.</summary>
    public static string? AliasOf(IEnumerable<AttributeListSyntax> lists)
    {
        var alias = Attributes.Find(lists, "Alias");
        return (alias?.ArgumentList?.Arguments[0].Expression as LiteralExpressionSyntax)?.Token.ValueText;
    }

    private static IEnumerable<string> Bases(InterfaceDeclarationSyntax contract) =>
        (contract.BaseList?.Types ?? []).Select(type => type.Type)
            .Select(type => type is QualifiedNameSyntax qualified ? qualified.Right : type)
            .OfType<SimpleNameSyntax>().Select(name => name.Identifier.Text);

    private static bool IsOrleansBase(string name) =>
        name is "IGrain" or "IGrainObserver" || (name.StartsWith("IGrainWith", StringComparison.Ordinal)
            && name.EndsWith("Key", StringComparison.Ordinal));

    private static bool IsAwaitable(TypeSyntax type)
    {
        var name = type is QualifiedNameSyntax qualified ? qualified.Right : type;
        return name is SimpleNameSyntax simple && Awaitables.Contains(simple.Identifier.Text);
    }
}
