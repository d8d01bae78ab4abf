using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class ContractTests
{
    private const string Good = """
        [Alias("fs.a")]
        public interface IA : IShared, IGrainWithIntegerKey
        {
            [Alias("Read")] ValueTask<int> ReadAsync();
            [Alias("Write")] Task WriteAsync();
            [Alias("List")] System.Collections.Generic.IAsyncEnumerable<int> List();
        }
        [Alias("fs.shared")]
        public interface IShared { [Alias("Ping")] Task PingAsync(); }
        public interface IElsewhere { int Count { get; } void Reset(); }
        """;

    [Fact]
    public void A_good_contract_passes() => Assert.Empty(CheckGrains(Good));

    [Theory]
    [InlineData("[Alias(\"fs.a\")]\n", "")]
    [InlineData("[Alias(\"Read\")]", "")]
    [InlineData("[Alias(\"Write\")]", "[Alias(\"Read\")]")]
    [InlineData("Task WriteAsync()", "void WriteAsync()")]
    [InlineData("Task WriteAsync()", "int WriteAsync()")]
    [InlineData("Task PingAsync();", "Task PingAsync(); int Count { get; }")]
    [InlineData("Task PingAsync();", "Task PingAsync(); event System.Action Changed;")]
    [InlineData("Task PingAsync();", "Task PingAsync(); int this[int i] { get; }")]
    [InlineData("interface IElsewhere {", "interface IElsewhere : IGrainObserver { } interface IFurther {", 1)]
    [InlineData("IShared { [Alias(\"Ping\")] Task", "IShared : IBelow { [Alias(\"Ping\")] Task", 0)]
    [InlineData("[Alias(\"Ping\")]", "")]
    public void A_broken_contract_is_found(string part, string by, int violations = 1)
    {
        var text = Good.Replace(part, by, StringComparison.Ordinal);
        Assert.NotEqual(Good, text);
        Assert.Equal(violations, CheckGrains(text).Count());
    }

    [Theory]
    [InlineData("record struct A(int X, int Y) { public int Sum => X + Y; }", 0)]
    [InlineData("class A { [Id(0)] public int X; [Id(1)] public int Y { get; set; } }", 0)]
    [InlineData("class A { [NonSerialized] int cache; const int C = 1; static int s; }", 0)]
    [InlineData("enum A { B }", 0)]
    [InlineData("class A { public int X; }", 1)]
    [InlineData("class A { [Id(0)] public int X; public int Y { get; init; } }", 1)]
    [InlineData("class A { [Id(0)] public int X; [Id(0)] public int Y; }", 1)]
    [InlineData("record A(int X) { public int Y { get; init; } }", 1)]
    public void Members_of_serialized_types_are_numbered(string type, int violations)
    {
        var text = $"[GenerateSerializer, Alias(\"a\")] {type}";
        Assert.Equal(violations, SerializedTypes.Check(new SourceFile("Grains/A.cs", text)).Count());
        Assert.Empty(SerializedTypes.Check(new SourceFile("Grains/A.cs", type)));
    }

    [Theory, InlineData("[GenerateSerializer]"), InlineData("[Orleans.GenerateSerializer, Immutable]")]
    public void A_serialized_type_without_an_alias_is_found(string attributes) =>
        Assert.Single(SerializedTypes.Check(new SourceFile("Grains/A.cs", $"{attributes} record struct A(int X);")));

    [Theory]
    [InlineData("fs.a\nfs.a.Read\nfs.a.Write\nfs.a.List\nfs.shared\nfs.shared.Ping\n", 0)]
    [InlineData("# comment\n\nfs.a\nfs.a.Read\nfs.a.Write\nfs.a.List\nfs.shared\nfs.shared.Ping\nfs.old retired\n", 0)]
    [InlineData("fs.a\nfs.a.Read\nfs.a.Write\nfs.a.List\nfs.shared\n", 1)]
    [InlineData("fs.a\nfs.a.Read\nfs.a.Read\nfs.a.Write\nfs.a.List\nfs.shared\nfs.shared.Ping\n", 1)]
    [InlineData("fs.a\nfs.a.Read\nfs.a.Write\nfs.a.List\nfs.shared\nfs.shared.Ping\nfs.old\n", 1)]
    [InlineData("fs.a retired\nfs.a.Read\nfs.a.Write\nfs.a.List\nfs.shared\nfs.shared.Ping\n", 1)]
    public void The_list_of_contracts_is_complete(string list, int violations) => Assert.Equal(violations,
        ContractList.Check(new SourceFile("C.txt", list), [new SourceFile("Grains.Interfaces/A.cs", Good)]).Count());

    [Fact]
    public void An_alias_is_given_once()
    {
        var twice = Good.Replace("fs.shared", "fs.a", StringComparison.Ordinal);
        var list = new SourceFile("C.txt", "fs.a\nfs.a.Read\nfs.a.Write\nfs.a.List\nfs.a.Ping\n");
        Assert.Single(ContractList.Check(list, [new SourceFile("Grains.Interfaces/A.cs", twice)]));
    }

    [Fact]
    public void The_list_may_be_missing_only_while_there_is_nothing_to_list()
    {
        Assert.Empty(ContractList.Check(null, []));
        Assert.Single(ContractList.Check(null, [new SourceFile("Grains.Interfaces/A.cs", Good)]));
    }

    private static IEnumerable<string> CheckGrains(string text) =>
        GrainContracts.Check([new SourceFile("Grains.Interfaces/A.cs", text)]);
}
