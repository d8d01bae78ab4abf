using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// Contracts.txt names everything that a peer of another version may send: an alias a line, a method as its interface's
/// alias, a dot and its own. A line stays when its contract goes, followed by "retired", so that no name comes back.
/// </summary>
internal static class ContractList
{
    private const string Retired = "retired";

    public static IEnumerable<string> Check(SourceFile? list, IReadOnlyList<SourceFile> files)
    {
        if (list is null)
        {
            if (files.Count > 0) yield return "Grains.Interfaces/Contracts.txt is missing";
            yield break;
        }

        var declared = Declared(files).ToList();
        foreach (var twice in declared.GroupBy(name => name).Where(group => group.Count() > 1))
        {
            yield return $"{list.Path}: the alias {twice.Key} names {twice.Count()} contracts";
        }

        var live = new HashSet<string>(declared, StringComparer.Ordinal);
        var listed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var words in list.Text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.TrimEntries)))
        {
            var name = words[0];
            if (name.Length == 0 || name.StartsWith('#')) continue;
            if (!listed.Add(name)) yield return $"{list.Path}: {name} is listed twice";
            var isRetired = words.Length > 1 && words[1] == Retired;
            if (isRetired && live.Contains(name)) yield return $"{list.Path}: {name} is retired and in use again";
            if (!isRetired && !live.Contains(name)) yield return $"{list.Path}: {name} is gone: retire it";
        }

        foreach (var name in live.Except(listed).Order(StringComparer.Ordinal)) yield return $"{list.Path}: add {name}";
    }

    private static IEnumerable<string> Declared(IReadOnlyList<SourceFile> files)
    {
        foreach (var type in files.SelectMany(file => file.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()))
        {
            if (GrainContracts.AliasOf(type.AttributeLists) is not { } alias) continue;
            yield return alias;
            if (type is not InterfaceDeclarationSyntax contract) continue;
            foreach (var method in contract.Members.OfType<MethodDeclarationSyntax>())
            {
                if (GrainContracts.AliasOf(method.AttributeLists) is { } name) yield return $"{alias}.{name}";
            }
        }
    }
}
