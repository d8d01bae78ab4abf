using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>Every public type says what it is.</summary>
internal static class Documentation
{
    public static IEnumerable<string> Check(SourceFile file)
    {
        foreach (var type in file.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
        {
            var isPublic = type.AncestorsAndSelf().OfType<BaseTypeDeclarationSyntax>()
                .All(each => each.Modifiers.Any(SyntaxKind.PublicKeyword));
            var isFurtherPart = type.Modifiers.Any(SyntaxKind.PartialKeyword);
            if (!isPublic || isFurtherPart || HasSummary(type)) continue;
            yield return file.Violation(type.Identifier, $"{type.Identifier.Text} is public and has no docstring");
        }
    }

    private static bool HasSummary(BaseTypeDeclarationSyntax type) => type.GetLeadingTrivia()
        .Any(trivia => trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia));
}
