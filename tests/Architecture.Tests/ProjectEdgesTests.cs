using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class ProjectEdgesTests
{
    [Theory]
    [InlineData("Primitives/P.csproj", "../Platform/X.csproj")]
    [InlineData("DataPlane/P.csproj", "../Grains.Interfaces/X.csproj")]
    [InlineData("Grains/P.csproj", "../DataPlane/X.csproj")]
    [InlineData("Fuse/P.csproj", "../DataPlane/X.csproj")]
    [InlineData("Fuse/P.csproj", @"..\Silo\X.csproj")]
    [InlineData("Gateways/S3/P.csproj", "../../Grains/X.csproj")]
    [InlineData("Client/P.csproj", "../Grains/X.csproj")]
    [InlineData("Runtime/Hosting/P.csproj", "../../Primitives/X.csproj")]
    [InlineData("Platform/P.csproj", "../tests/TestKit/X.csproj")]
    public void An_undeclared_edge_is_found(string path, string target)
    {
        var violation = Assert.Single(ProjectEdges.Check(Project(path, Reference(target))));
        Assert.Contains("no arrow", violation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Platform/P.csproj", "../Primitives/X.csproj")]
    [InlineData("Client/P.csproj", "../Reduction/X.csproj")]
    [InlineData("Runtime/Hosting/P.csproj", "../Abstractions/X.csproj")]
    [InlineData("Runtime/P.csproj", "Abstractions/X.csproj")]
    [InlineData("Cli/P.csproj", "../Fuse/X.csproj")]
    [InlineData("tests/Fuse.Tests/P.csproj", "../../Fuse/X.csproj")]
    [InlineData("Gateways/Nfs/P.csproj", "../../Client/X.csproj")]
    public void A_declared_edge_passes(string path, string target) =>
        Assert.Empty(ProjectEdges.Check(Project(path, Reference(target))));

    [Fact]
    public void A_project_that_is_not_in_the_table_is_found()
    {
        var violation = Assert.Single(ProjectEdges.Check(Project("Extra/P.csproj", "")));
        Assert.Contains("table", violation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Fuse/P.csproj", "Api", 1)]
    [InlineData("Primitives/P.csproj", "Api", 1)]
    [InlineData("Primitives/P.csproj", "Attributes", 0)]
    [InlineData("Grains/P.csproj", "Api", 0)]
    [InlineData("Grains/P.csproj", "Hosting", 1)]
    [InlineData("Client/P.csproj", "Hosting", 0)]
    [InlineData("Silo/P.csproj", "Hosting", 0)]
    public void Only_some_projects_may_ask_for_Orleans(string path, string part, int violations) =>
        Assert.Equal(violations, ProjectEdges.Check(Project(path, $"<UsesOrleans>{part}</UsesOrleans>")).Count());

    [Theory, InlineData("Platform/P.csproj", 0), InlineData("Client/P.csproj", 1)]
    public void Only_some_projects_may_be_unsafe(string path, int violations) => Assert.Equal(violations,
        ProjectEdges.Check(Project(path, "<AllowUnsafeBlocks>true</AllowUnsafeBlocks>")).Count());

    private static SourceFile Project(string path, string content) => new(path, $"<Project>{content}</Project>");

    private static string Reference(string target) =>
        $"""<ItemGroup><ProjectReference Include="{target}" /></ItemGroup>""";
}
