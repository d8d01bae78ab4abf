using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// Forms of code that are not ours: stubs, regions, silent suppressions, swallowed errors, vague names.
/// </summary>
internal static partial class BannedSyntax
{
    private static readonly string[] UnsafeHomes = ["Platform/", "Reduction/", "Fuse/Abi/", "tests/", "bench/"];
    private static readonly string[] InteropHomes = ["Platform/", "tests/", "bench/"];
    private static readonly string[] ImportAttributes = ["DllImport", "LibraryImport"];
    private static readonly string[] VagueEndings =
        ["Manager", "Managers", "Helper", "Helpers", "Util", "Utils", "Utility", "Utilities"];

    public static IEnumerable<string> Check(SourceFile file) =>
        Trivia(file).Concat(Names(file)).Concat(Places(file)).Concat(Catches(file));

    private static IEnumerable<string> Trivia(SourceFile file)
    {
        foreach (var trivia in file.Root.DescendantTrivia(descendIntoTrivia: true))
        {
            if (trivia.IsKind(SyntaxKind.RegionDirectiveTrivia)) yield return file.Violation(trivia, "#region");
            if (trivia.GetStructure() is PragmaWarningDirectiveTriviaSyntax pragma && IsBareDisable(pragma))
            {
                yield return file.Violation(trivia, "#pragma warning disable without a comment that says why");
            }

            if (IsComment(trivia) && Unfinished().IsMatch(trivia.ToString()))
            {
                yield return file.Violation(trivia, "unfinished work in a comment");
            }
        }
    }

    private static IEnumerable<string> Names(SourceFile file)
    {
        foreach (var node in file.Root.DescendantNodes())
        {
            if (node is BaseTypeDeclarationSyntax type
                && VagueEndings.Any(ending => type.Identifier.Text.EndsWith(ending, StringComparison.Ordinal)))
            {
                yield return file.Violation(type.Identifier, $"{type.Identifier.Text}: a name that says nothing");
            }

            if (node is ObjectCreationExpressionSyntax creation
                && creation.Type.ToString().EndsWith("NotImplementedException", StringComparison.Ordinal))
            {
                yield return file.Violation(node, "NotImplementedException");
            }
        }
    }

    private static IEnumerable<string> Places(SourceFile file)
    {
        if (!file.IsUnder(UnsafeHomes))
        {
            foreach (var token in file.Root.DescendantTokens().Where(token => token.IsKind(SyntaxKind.UnsafeKeyword)))
            {
                yield return file.Violation(token, "unsafe outside Platform, Reduction and Fuse/Abi");
            }
        }

        if (file.IsUnder(InteropHomes)) yield break;
        foreach (var attribute in file.Root.DescendantNodes().OfType<AttributeSyntax>())
        {
            if (!ImportAttributes.Contains(attribute.Name.ToString())) continue;
            yield return file.Violation(attribute, "interop outside Platform");
        }
    }

    // An empty catch swallows; one that says why in a comment has decided.
    private static IEnumerable<string> Catches(SourceFile file)
    {
        foreach (var clause in file.Root.DescendantNodes().OfType<CatchClauseSyntax>())
        {
            if (clause.Block.Statements.Count == 0 && !clause.DescendantTrivia().Any(IsComment))
            {
                yield return file.Violation(clause, "a catch that swallows, without a comment that says why");
            }
        }
    }

    private static bool IsBareDisable(PragmaWarningDirectiveTriviaSyntax pragma) =>
        pragma.DisableOrRestoreKeyword.IsKind(SyntaxKind.DisableKeyword)
        && !pragma.DescendantTrivia().Any(IsComment)
        && !IsComment(LineBefore(pragma));

    private static SyntaxTrivia LineBefore(PragmaWarningDirectiveTriviaSyntax pragma)
    {
        var before = pragma.ParentTrivia.Token.LeadingTrivia.TakeWhile(trivia => trivia != pragma.ParentTrivia);
        return before.LastOrDefault(trivia =>
            !trivia.IsKind(SyntaxKind.WhitespaceTrivia) && !trivia.IsKind(SyntaxKind.EndOfLineTrivia));
    }

    private static bool IsComment(SyntaxTrivia trivia) =>
        trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia)
        || trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia);

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex Unfinished();
}
