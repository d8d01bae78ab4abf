using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class OrleansUsingsTests
{
    [Theory]
    [InlineData("Fuse/A.cs", "using Orleans;")]
    [InlineData("Fuse/A.cs", "global using Orleans.Runtime;")]
    [InlineData("DataPlane/A.cs", "using static Orleans.X;")]
    [InlineData("DataPlane/A.cs", "using G = Orleans.IGrain;")]
    [InlineData("Platform/A.cs", "class A : global::Orleans.IGrain;")]
    [InlineData("Primitives/A.cs", "using Orleans.Runtime;")]
    [InlineData("Primitives/A.cs", "using G = Orleans;")]
    [InlineData("Runtime/A.cs", "using ClaudeFs.Primitives;")]
    [InlineData("Runtime/A.cs", "namespace ClaudeFs.Runtime;")]
    public void A_forbidden_name_is_found(string path, string text) =>
        Assert.Single(OrleansUsings.Check(new SourceFile(path, text)));

    [Theory]
    [InlineData("Grains/A.cs", "using Orleans; using Orleans.Runtime;")]
    [InlineData("Grains.Interfaces/A.cs", "using Orleans;")]
    [InlineData("Primitives/A.cs", "using Orleans;")]
    [InlineData("Fuse/A.cs", "using OrleansLike;")]
    [InlineData("Runtime/A.cs", "using Orleans.Runtime; namespace Orleans.Hosting;")]
    [InlineData("Runtime/A.cs", "namespace Microsoft.Extensions.Hosting;")]
    [InlineData("Runtime/A.cs", "namespace OrleansCodeGen.Support;")]
    public void An_allowed_name_passes(string path, string text) =>
        Assert.Empty(OrleansUsings.Check(new SourceFile(path, text)));
}
