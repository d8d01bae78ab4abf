using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace ClaudeFs.Runtime.Tests.Api;

/// <summary>Compiles grain code against Microsoft's own Orleans.Core.Abstractions, with stubs for what is
/// missing.</summary>
public sealed class CompilesOnOrleansTests
{
    private static readonly string[] s_usings =
    [
        "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading",
        "System.Threading.Tasks", "Orleans", "Orleans.Runtime",
    ];

    private static readonly Lazy<List<MetadataReference>> s_references = new(MakeReferences);

    [Fact]
    public void The_contracts_of_the_grains_compile() => AssertCompiles("Grains.Interfaces");

    [Fact]
    public void The_grains_compile() => AssertCompiles("Grains.Interfaces", "Grains");

    [Fact]
    public void Grains_of_the_tests_compile()
        => AssertCompiles("tests/Runtime.Tests/Grains/LifeGrains.cs", "tests/Runtime.Tests/Gates.cs");

    [Fact]
    public void What_is_ours_alone_does_not_compile()
    {
        var errors = Compile([CSharpSyntaxTree.ParseText(
            "class A { object B() => OrleansCodeGen.Support.Codecs.Get<int>(); }", Options)]);
        Assert.Contains(errors, static e => e.Id is "CS0103" or "CS0246" or "CS0234");
    }

    private static CSharpParseOptions Options => new(LanguageVersion.Preview);

    private static void AssertCompiles(params string[] paths)
    {
        var trees = paths.SelectMany(static p => FilesOf(Path.Combine(TestPaths.RepositoryRoot, p)))
            .Select(static f => CSharpSyntaxTree.ParseText(File.ReadAllText(f), Options, f)).ToList();
        Assert.NotEmpty(trees);
        Assert.Empty(Compile(trees).Select(static d => d.ToString()).Take(20));
    }

    private static IEnumerable<string> FilesOf(string path) => File.Exists(path)
        ? [path]
        : Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories)
            .Where(static f => !f.Contains("/obj/", StringComparison.Ordinal)
                && !f.Contains("/bin/", StringComparison.Ordinal));

    /// <summary>Errors, without those of other source generators: partial methods that nobody implements
    /// here.</summary>
    private static List<Diagnostic> Compile(IEnumerable<SyntaxTree> trees)
    {
        var usings = string.Concat(s_usings.Select(static u => $"global using global::{u};"))
            + "global using FileMode = ClaudeFs.Primitives.FileMode;"
            + "namespace ClaudeFs.Grains { } namespace Microsoft.CodeAnalysis { }";
        var compilation = CSharpCompilation.Create(
            "GrainsOnOrleans",
            trees.Prepend(CSharpSyntaxTree.ParseText(usings, Options)),
            s_references.Value,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));
        return [.. compilation.GetDiagnostics().Where(static d
            => d.Severity == DiagnosticSeverity.Error && d.Id != "CS8795")];
    }

    private static List<MetadataReference> MakeReferences()
    {
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static p => !IsOurs(Path.GetFileName(p)))
            .Select(static p => (MetadataReference)MetadataReference.CreateFromFile(p)).ToList();
        references.Add(MetadataReference.CreateFromFile(TestPaths.OrleansCoreAbstractions));
        references.Add(Stub("Orleans.Serialization.Abstractions", OrleansStubs.SerializationAbstractions, references));
        references.Add(Stub("Orleans.Serialization", OrleansStubs.Serialization, references));
        references.Add(Stub("Orleans.Runtime", OrleansStubs.Runtime, references));
        return references;
    }

    private static bool IsOurs(string file)
        => file.StartsWith("ClaudeFs.Runtime", StringComparison.Ordinal)
            || file.StartsWith("ClaudeFs.Grains", StringComparison.Ordinal);

    private static PortableExecutableReference Stub(string name, string source,
        IEnumerable<MetadataReference> references)
    {
        var compilation = CSharpCompilation.Create(
            name,
            [CSharpSyntaxTree.ParseText(source, Options)],
            references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var stream = new MemoryStream();
        var result = compilation.Emit(stream);
        Assert.True(result.Success, string.Join(Environment.NewLine, result.Diagnostics));
        return MetadataReference.CreateFromImage(stream.ToArray());
    }
}
