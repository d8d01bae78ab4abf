using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using OrleansCodeGen.Generator;

namespace ClaudeFs.Generator.Tests;

public sealed class GeneratorTests
{
    private static readonly MetadataReference[] s_references =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(static p => Path.GetFileName(p) is { } f && (f.StartsWith("System", StringComparison.Ordinal)
                || f.StartsWith("netstandard", StringComparison.Ordinal)
                    || f.StartsWith("ClaudeFs.Runtime", StringComparison.Ordinal)))
            .Select(static p => MetadataReference.CreateFromFile(p))];

    [Theory]
    [InlineData("GRAIN001", "public interface IA : Orleans.IGrainWithStringKey { int Get(); }")]
    [InlineData("GRAIN001", "public interface IA : Orleans.IGrainWithStringKey { void Set(); }")]
    [InlineData("GRAIN002", "public interface IA : Orleans.IGrainWithStringKey { Task SetAsync(ref int a); }")]
    [InlineData("GRAIN002", "public interface IA : Orleans.IGrainObserver { Task SetAsync(out int a); }")]
    [InlineData("GRAIN003", "public interface IA : Orleans.IGrainWithStringKey { int Value { get; } }")]
    [InlineData("GRAIN003", "public interface IA : Orleans.IGrainWithStringKey { event Action Done; }")]
    [InlineData("GRAIN004", "public interface IA : Orleans.IGrainWithStringKey { Task SetAsync<T>(T a); }")]
    [InlineData("GRAIN004", "public interface IA<T> : Orleans.IGrainWithStringKey { Task SetAsync(T a); }")]
    [InlineData("GRAIN005", "[Orleans.GenerateSerializer] public class A { public int B { get; set; } }")]
    [InlineData("GRAIN005",
        "[Orleans.GenerateSerializer] public struct A { [Orleans.Id(0)] public int B; private int _c; }")]
    [InlineData("GRAIN006",
        "[Orleans.GenerateSerializer] public class A { [Orleans.Id(1)] public int B; [Orleans.Id(1)] public int C; }")]
    [InlineData("GRAIN006",
        "[Orleans.GenerateSerializer] public record A(int B) { [Orleans.Id(0)] public int C { get; init; } }")]
    [InlineData("GRAIN007",
        "public interface IA : Orleans.IGrainWithStringKey { Task SetAsync(System.Text.StringBuilder a); }")]
    [InlineData("GRAIN007", "public interface IA : Orleans.IGrainWithStringKey { Task<List<Action>> GetAsync(); }")]
    [InlineData("GRAIN007", "[Orleans.GenerateSerializer] public record A(System.Threading.Thread B);")]
    [InlineData("GRAIN008", """
        public interface IA : Orleans.IGrainWithStringKey
        { [Orleans.Alias("x")] Task AAsync(); [Orleans.Alias("x")] Task BAsync(); }
        """)]
    [InlineData("GRAIN009", "public class O { private interface IA : Orleans.IGrainWithStringKey { Task AAsync(); } }")]
    public void What_cannot_be_sent_is_refused(string id, string source)
    {
        var (diagnostics, _) = Run(source);
        Assert.Equal(id, Assert.Single(diagnostics).Id);
        Assert.All(diagnostics, static d => Assert.NotEqual(Location.None, d.Location));
    }

    [Theory]
    [InlineData(
        "public interface IBase : Orleans.IGrain { Task<int> GetAsync(); } public interface IA : IBase, "
        + "Orleans.IGrainWithIntegerKey { ValueTask SetAsync(int @class, CancellationToken ct); }")]
    [InlineData(
        "public class Outer { public interface IA : Orleans.IGrainWithGuidKey { Task<(int, string?)> "
        + "GetAsync(int? a, byte[] b, Dictionary<string, List<int>> c); } }")]
    [InlineData(
        "[Orleans.GenerateSerializer, Orleans.Immutable] public readonly record struct R<T>(T Value, int "
        + "Error); public interface IA : Orleans.IGrainWithStringKey { ValueTask<R<R<byte[]>>> "
        + "GetAsync(R<string> a); }")]
    [InlineData(
        "[Orleans.GenerateSerializer] public readonly struct S { [Orleans.Id(0)] private readonly byte[]? "
        + "_b; public S(byte[] b) { _b = b; } }")]
    [InlineData(
        "[Orleans.GenerateSerializer] public abstract class B { [Orleans.Id(0)] public int X { get; "
        + "private set; } } [Orleans.GenerateSerializer] public sealed class D : B { private D() { } "
        + "[Orleans.Id(0)] public required string Y { get; init; } }")]
    [InlineData(
        "[Orleans.GenerateSerializer] public record B(int X); [Orleans.GenerateSerializer] public sealed "
        + "record D(int X, string Y) : B(X) { [Orleans.Id(2)] public long Z { get; init; } }")]
    [InlineData(
        "[Orleans.GenerateSerializer] public sealed class E(int code) : Exception { [Orleans.Id(0)] public "
        + "int Code { get; } = code; }")]
    [InlineData(
        "public interface IA : Orleans.IGrainObserver { [Orleans.Concurrency.OneWay] Task "
        + "TellAsync(ReadOnlyMemory<byte> a, Orleans.IGrainFactory[]? b = null); } public sealed class G : "
        + "Orleans.Grain { }")]
    public void What_can_be_sent_compiles(string source)
    {
        var (diagnostics, compilation) = Run(source);
        Assert.Empty(diagnostics);
        Assert.Empty(compilation.GetDiagnostics().Where(static d => d.Severity == DiagnosticSeverity.Error));
    }

    [Fact]
    public void Editing_a_method_body_regenerates_nothing()
    {
        const string Contract = "public interface IA : Orleans.IGrainWithStringKey { Task<int> GetAsync(); }";
        var compilation = Compile(Contract + " public class C { int B() => 1; }");
        var driver = CSharpGeneratorDriver.Create(
            [new RuntimeGenerator().AsSourceGenerator()],
            driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None,
                trackIncrementalGeneratorSteps: true));
        var first = driver.RunGenerators(compilation);
        var tree = compilation.SyntaxTrees.Single();
        var edited = compilation.ReplaceSyntaxTree(tree,
            CSharpSyntaxTree.ParseText(tree.ToString().Replace("=> 1", "=> 2", StringComparison.Ordinal)));
        var second = first.RunGenerators(edited).GetRunResult().Results.Single();
        Assert.All(
            second.TrackedOutputSteps.SelectMany(static s => s.Value).SelectMany(static s => s.Outputs),
            static o => Assert.True(o.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged,
                o.Reason.ToString()));
    }

    [Fact]
    public void Method_ids_hang_on_names_and_not_on_the_order()
    {
        static string[] Ids(string body)
        {
            var (_, compilation) = Run(
                $"[Orleans.Alias(\"a\")] public interface IA : Orleans.IGrainWithStringKey {{ {body} }}");
            var text = compilation.SyntaxTrees.Single(static t
                => t.FilePath.Contains("Reference_IA", StringComparison.Ordinal)).ToString();
            return [.. System.Text.RegularExpressions.Regex.Matches(text, "GrainMethod\\((\\d+)u").Select(static m
                => m.Groups[1].Value).Order()];
        }

        Assert.Equal(Ids("Task AAsync(); Task BAsync(int x);"), Ids("Task BAsync(int y); Task AAsync();"));
        Assert.NotEqual(Ids("Task AAsync(int x);"), Ids("Task AAsync(long x);"));
    }

    private static (IReadOnlyList<Diagnostic> Diagnostics, Compilation Compilation) Run(string source)
    {
        CSharpGeneratorDriver.Create(new RuntimeGenerator())
            .RunGeneratorsAndUpdateCompilation(Compile(source), out var updated, out var diagnostics);
        return (diagnostics, updated);
    }

    private static CSharpCompilation Compile(string source) => CSharpCompilation.Create(
        "Sample",
        [CSharpSyntaxTree.ParseText(
            "#nullable enable annotations\nusing System; using System.Collections.Generic; using System.Threading; "
            + "using System.Threading.Tasks;\n" + source,
            path: "Sample.cs")],
        s_references,
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
}
