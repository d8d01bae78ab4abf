using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class DocumentationTests
{
    [Theory]
    [InlineData("public class A;", 1)]
    [InlineData("// Not a docstring.\npublic enum A { B }", 1)]
    [InlineData("/// <summary>x</summary>\npublic class A { public struct B; }", 1)]
    [InlineData("/// <summary>x</summary>\npublic class A { internal struct B; }", 0)]
    [InlineData("/// <summary>x</summary>\n[Attribute]\npublic record struct A(int X);", 0)]
    [InlineData("internal class A { public class B; }", 0)]
    public void A_public_type_without_a_docstring_is_found(string text, int violations) =>
        Assert.Equal(violations, Documentation.Check(new SourceFile("Client/A.cs", text)).Count());
}
