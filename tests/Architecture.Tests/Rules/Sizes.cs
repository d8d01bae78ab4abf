using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>How long a line, a method and a file may be.</summary>
internal static class Sizes
{
    public const int FileLinesMax = 600;
    public const int MethodLinesMax = 60;
    public const int ColumnsMax = 120;

    public static IEnumerable<string> Check(SourceFile file)
    {
        var lines = file.Text.TrimEnd('\n').Split('\n');
        if (lines.Length > FileLinesMax)
        {
            yield return file.Violation(1, $"{lines.Length} lines, at most {FileLinesMax}");
        }

        for (var i = 0; i < lines.Length; i++)
        {
            var columns = lines[i].TrimEnd('\r').Length;
            if (columns > ColumnsMax) yield return file.Violation(i + 1, $"{columns} columns, at most {ColumnsMax}");
        }

        foreach (var node in file.Root.DescendantNodes())
        {
            var first = FirstToken(node);
            if (first == default) continue;
            var count = LineOf(node.GetLastToken()) - LineOf(first) + 1;
            if (count <= MethodLinesMax) continue;
            yield return file.Violation(first, $"{count} lines, at most {MethodLinesMax} a method");
        }
    }

    // Where a method begins when its attributes are left out; default when the node is none.
    private static SyntaxToken FirstToken(SyntaxNode node) => node switch
    {
        BaseMethodDeclarationSyntax method => AfterAttributes(method, method.AttributeLists),
        LocalFunctionStatementSyntax function => AfterAttributes(function, function.AttributeLists),
        AccessorDeclarationSyntax accessor => AfterAttributes(accessor, accessor.AttributeLists),
        AnonymousFunctionExpressionSyntax lambda => lambda.GetFirstToken(),
        _ => default,
    };

    private static SyntaxToken AfterAttributes(SyntaxNode node, SyntaxList<AttributeListSyntax> attributes) =>
        attributes.Count == 0 ? node.GetFirstToken() : attributes.Last().GetLastToken().GetNextToken();

    private static int LineOf(SyntaxToken token) => token.GetLocation().GetLineSpan().EndLinePosition.Line;
}
