using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class TracesTests
{
    // Taken apart, so that this file holds no trace itself.
    [Theory]
    [InlineData("A.cs", "var path = \"/wor" + "k/main\";")]
    [InlineData("run.sh", "cd /tmp/w" + "t/fuse")]
    [InlineData("A.csproj", "Include=\"/tmp/tria" + "l-x/X.csproj\"")]
    [InlineData("A.cs", "// see iss" + "ue 12")]
    [InlineData("README.md", "See Iss" + "ue #7.")]
    [InlineData("README.md", "fixes #" + "12 at last")]
    [InlineData("README.md", "(#" + "12)")]
    public void A_trace_is_found(string path, string text) => Assert.Single(Traces.Check(new SourceFile(path, text)));

    [Theory]
    [InlineData("A.cs", "// a network/work/share, ~/wor" + "k/x and wor" + "k/y")]
    [InlineData("A.cs", "// #" + "1 of the list; an issue of 12 kinds")]
    [InlineData("README.md", "# 1 Title\n## 2\ncolour #123abc, item #x")]
    public void Another_text_passes(string path, string text) => Assert.Empty(Traces.Check(new SourceFile(path, text)));
}
