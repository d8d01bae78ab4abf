using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>Looks up attributes by their written name.</summary>
internal static class Attributes
{
    public static AttributeSyntax? Find(IEnumerable<AttributeListSyntax> lists, string name) =>
        lists.SelectMany(list => list.Attributes).FirstOrDefault(attribute => NameOf(attribute) is var written
            && (written == name || written == name + "Attribute"));

    private static string NameOf(AttributeSyntax attribute) =>
        (attribute.Name is QualifiedNameSyntax qualified ? qualified.Right : attribute.Name).ToString();
}
