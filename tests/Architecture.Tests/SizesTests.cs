using System.Globalization;
using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class SizesTests
{
    [Theory, InlineData(Sizes.FileLinesMax, 0), InlineData(Sizes.FileLinesMax + 1, 1)]
    public void A_long_file_is_found(int lines, int violations) =>
        Assert.Equal(violations, Count(string.Concat(Enumerable.Repeat("// line\n", lines))));

    [Theory, InlineData(Sizes.ColumnsMax, 0), InlineData(Sizes.ColumnsMax + 1, 1)]
    public void A_long_line_is_found(int columns, int violations) =>
        Assert.Equal(violations, Count("//" + new string('x', columns - 2) + "\r\n"));

    [Theory]
    [InlineData("class A {{\nvoid M()\n{{\n{0}}}\n}}", 3)]
    [InlineData("class A {{\n/// <summary>Not counted.</summary>\n[Attribute]\nvoid M()\n{{\n{0}}}\n}}", 3)]
    [InlineData("class A {{\nA()\n{{\n{0}}}\n}}", 3)]
    [InlineData("class A {{ int P {{\nget\n{{\n{0}}} }}\n}}", 3)]
    [InlineData("System.Action a =\n() => {{\n{0}}};", 2)]
    [InlineData("class A {{ int P {{ get {{ return F();\nint F() {{\n{0}return 0; }} }} }} }}", 3)]
    public void A_long_method_is_found(string form, int frameLines)
    {
        Assert.Equal(0, Count(Fill(form, 10)));
        Assert.NotEqual(0, Count(Fill(form, Sizes.MethodLinesMax - frameLines + 1)));
        Assert.Equal(0, Count(Fill(form, Sizes.MethodLinesMax - frameLines)));
    }

    private static string Fill(string form, int lines) =>
        string.Format(CultureInfo.InvariantCulture, form, string.Concat(Enumerable.Repeat(";\n", lines)));

    private static int Count(string text) => Sizes.Check(new SourceFile("Grains/A.cs", text)).Count();
}
