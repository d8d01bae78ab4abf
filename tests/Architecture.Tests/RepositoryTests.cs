using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

/// <summary>Every rule, held against the tree as it is.</summary>
public class RepositoryTests
{
    [Fact]
    public void The_tree_was_found()
    {
        Assert.Contains(Repository.Files, file => file.Path == "Directory.Packages.props");
        Assert.Contains(Repository.Projects, file => file.Path == "Primitives/ClaudeFs.Primitives.csproj");
        Assert.Contains(Repository.Code, file => file.Path == "Primitives/Fingerprint.cs");
        Assert.Contains(Repository.Code, file => file.Path == "tests/Architecture.Tests/RepositoryTests.cs");
    }

    [Fact]
    public void Projects_reference_only_what_their_arrows_name() =>
        Holds(Repository.Projects.SelectMany(ProjectEdges.Check));

    [Fact]
    public void Orleans_is_used_only_where_it_may_be() => Holds(Repository.Code.SelectMany(OrleansUsings.Check));

    [Fact]
    public void Files_methods_and_lines_have_their_size() => Holds(Repository.Code.SelectMany(Sizes.Check));

    [Fact]
    public void Banned_calls_are_not_made() => Holds(Repository.Code.SelectMany(BannedCalls.Check));

    [Fact]
    public void Banned_forms_are_not_used() => Holds(Repository.Code.SelectMany(BannedSyntax.Check));

    [Fact]
    public void Grain_interfaces_keep_to_Orleans_rules() => Holds(GrainContracts.Check(Production()));

    [Fact]
    public void Serialized_types_have_aliases_and_numbered_members() =>
        Holds(Production().SelectMany(SerializedTypes.Check));

    [Fact]
    public void Contracts_are_listed()
    {
        var contracts = Repository.Code.Where(file => file.IsUnder("Grains.Interfaces/")).ToList();
        var list = Repository.Files.FirstOrDefault(file => file.Path == "Grains.Interfaces/Contracts.txt");
        Holds(ContractList.Check(list, contracts));
    }

    [Fact]
    public void Log_events_have_their_file_and_number() => Holds(LogEvents.Check(Repository.Code.Where(
        file => !file.IsTestOrBench)));

    [Fact]
    public void Banned_symbols_are_let_in_only_where_loops_are_made() =>
        Holds(Repository.Files.SelectMany(Suppressions.Check));

    [Fact]
    public void Public_types_have_docstrings() => Holds(Repository.Code
        .Where(file => !file.IsTestOrBench && !file.IsUnder("eng/")).SelectMany(Documentation.Check));

    [Fact]
    public void Nothing_names_this_machine_or_a_ticket() => Holds(Repository.Files.SelectMany(Traces.Check));

    // Grains of the tests are there to be odd; the runtime declares what the rules are about.
    private static IEnumerable<SourceFile> Production() =>
        Repository.Code.Where(file => !file.IsTestOrBench && !file.IsUnder("Runtime/", "eng/"));

    private static void Holds(IEnumerable<string> violations)
    {
        var list = violations.ToList();
        Assert.True(list.Count == 0, $"{list.Count} violations:\n{string.Join('\n', list)}");
    }
}
