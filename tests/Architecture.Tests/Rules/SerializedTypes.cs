using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// What is sent or stored has an alias and numbered members: [Id] on every field and automatic property, unique in the
/// type. Positional parameters of a record take their position.
/// </summary>
internal static class SerializedTypes
{
    public static IEnumerable<string> Check(SourceFile file)
    {
        foreach (var type in file.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>())
        {
            if (Attributes.Find(type.AttributeLists, "GenerateSerializer") is null) continue;
            var name = type.Identifier.Text;
            if (GrainContracts.AliasOf(type.AttributeLists) is null)
            {
                yield return file.Violation(type.Identifier, $"{name} has no [Alias]");
            }

            if (type is not TypeDeclarationSyntax { Members: var members }) continue;
            var numbers = new HashSet<string>(StringComparer.Ordinal);
            foreach (var member in members.Where(IsStored))
            {
                var number = Attributes.Find(member.AttributeLists, "Id")?.ArgumentList?.Arguments[0].ToString();
                if (number is null) yield return file.Violation(member, $"{name} has a member without [Id]");
                else if (!numbers.Add(number)) yield return file.Violation(member, $"{name} repeats [Id({number})]");
            }
        }
    }

    // Instance fields and automatic properties, but what says [NonSerialized].
    private static bool IsStored(MemberDeclarationSyntax member)
    {
        if (member.Modifiers.Any(SyntaxKind.StaticKeyword)) return false;
        if (member.Modifiers.Any(SyntaxKind.ConstKeyword)) return false;
        if (Attributes.Find(member.AttributeLists, "NonSerialized") is not null) return false;
        return member switch
        {
            FieldDeclarationSyntax => true,
            PropertyDeclarationSyntax { AccessorList.Accessors: var accessors } =>
                accessors.All(accessor => accessor.Body is null && accessor.ExpressionBody is null),
            _ => false,
        };
    }
}
