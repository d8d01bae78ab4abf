using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ClaudeFs.Architecture.Tests;

/// <summary>A file of the repository, or a planted one: what every rule is a function of.</summary>
/// <param name="path">Relative to the repository's root, with slashes.</param>
/// <param name="text">The whole text.</param>
internal sealed class SourceFile(string path, string text)
{
    private static readonly CSharpParseOptions Options = new(LanguageVersion.Preview, DocumentationMode.Parse);
    private readonly Lazy<SyntaxNode> _root = new(() => CSharpSyntaxTree.ParseText(text, Options).GetRoot());

    public string Path { get; } = path;

    public string Text { get; } = text;

    public SyntaxNode Root => _root.Value;

    public bool IsCode => Path.EndsWith(".cs", StringComparison.Ordinal);

    public bool IsUnder(params ReadOnlySpan<string> folders)
    {
        foreach (var folder in folders)
        {
            if (Path.StartsWith(folder, StringComparison.Ordinal)) return true;
        }

        return false;
    }

    /// <summary>Tests and benchmarks: they may reach everywhere and do what production code may not.</summary>
    public bool IsTestOrBench => IsUnder("tests/", "bench/");

    public string Violation(SyntaxNode node, string message) => Violation(node.GetLocation(), message);

    public string Violation(SyntaxToken token, string message) => Violation(token.GetLocation(), message);

    public string Violation(SyntaxTrivia trivia, string message) => Violation(trivia.GetLocation(), message);

    public string Violation(int line, string message) => $"{Path}:{line}: {message}";

    private string Violation(Location location, string message) =>
        Violation(location.GetLineSpan().StartLinePosition.Line + 1, message);
}
