using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class SuppressionsTests
{
    [Theory]
    [InlineData("Grains/A.cs", "#pragma warning disable RS0030 // because")]
    [InlineData("Grains/A.cs", "[SuppressMessage(\"x\", \"RS0030\")]")]
    [InlineData("Grains/.editorconfig", "dotnet_diagnostic.RS0030.severity = none")]
    [InlineData("Runtime/.editorconfig", "[*.cs]\ndotnet_diagnostic.RS0030.severity = none")]
    [InlineData("Runtime/.editorconfig", "[Scheduling/**.cs]\n[A/**.cs]\ndotnet_diagnostic.RS0030.severity = none")]
    [InlineData("eng/a.globalconfig", "dotnet_diagnostic.RS0030.severity = suggestion")]
    [InlineData("Grains/A.csproj", "<UseBannedSymbols>false</UseBannedSymbols>")]
    [InlineData("Grains/A.csproj", "<UseAnalyzers>false</UseAnalyzers>")]
    [InlineData("Grains/A.csproj", "<NoWarn>$(NoWarn);RS0030</NoWarn>")]
    public void A_way_round_is_found(string path, string text) =>
        Assert.Single(Suppressions.Check(new SourceFile(path, text)));

    [Theory]
    [InlineData("Platform/Loops/A.cs", "#pragma warning disable RS0030 // because")]
    [InlineData("Runtime/Scheduling/A.cs", "#pragma warning disable RS0030 // because")]
    [InlineData("Grains/A.cs", "#pragma warning disable CA1000 // because")]
    [InlineData("Runtime/.editorconfig", "[Scheduling/**.cs]\ndotnet_diagnostic.RS0030.severity = none")]
    [InlineData(".editorconfig", "dotnet_diagnostic.RS0030.severity = error")]
    [InlineData("Cli/A.csproj", "<UseBannedSymbols>false</UseBannedSymbols>")]
    [InlineData("Grains/A.csproj", "<NoWarn>$(NoWarn);CA1000</NoWarn>")]
    public void What_is_allowed_passes(string path, string text) =>
        Assert.Empty(Suppressions.Check(new SourceFile(path, text)));
}
