using OrleansCodeGen.Support;

namespace ClaudeFs.Runtime.Tests.Api;

/// <summary>Holds Runtime/ to Orleans' own API: what grains can see here, they can see there, with the same
/// signature.</summary>
public sealed class ApiSurfaceTests
{
    private static readonly MetadataSurface s_orleans = MetadataSurface.Read(TestPaths.OrleansCoreAbstractions);
    private static readonly HashSet<string> s_listed =
        [.. File.ReadAllLines(Path.Combine(TestPaths.RepositoryRoot, "eng", "orleans-surface.txt"))
            .Where(static l => l.Length > 0 && l[0] != '#')];

    private static readonly string[] s_paths =
    [
        typeof(GenerateSerializerAttribute).Assembly.Location,
        typeof(Grain).Assembly.Location,
        typeof(Orleans.TestingHost.TestCluster).Assembly.Location,
    ];

    public static IEnumerable<object[]> Assemblies => s_paths.Select(static p => new object[] { p });

    [Theory, MemberData(nameof(Assemblies))]
    public void Every_public_type_is_one_of_Orleans(string path)
    {
        var unknown = Ours(MetadataSurface.Read(path).Types)
            .Where(static t => !s_orleans.Types.Contains(t) && !s_listed.Contains(t));
        Assert.Empty(unknown);
    }

    [Theory, MemberData(nameof(Assemblies))]
    public void Every_public_member_is_one_of_Orleans_with_the_same_signature(string path)
    {
        var unknown = Ours(MetadataSurface.Read(path).Members)
            .Where(static m => !s_orleans.Members.Contains(m) && !s_listed.Contains(m));
        Assert.Empty(unknown);
    }

    [Theory, MemberData(nameof(Assemblies))]
    public void No_type_can_be_more_than_it_is_in_Orleans(string path)
    {
        var surface = MetadataSurface.Read(path);
        foreach (var (name, supertypes) in surface.Supertypes)
        {
            if (s_orleans.Supertypes.TryGetValue(name, out var theirs))
            {
                Assert.Empty(supertypes.Where(s => !theirs.Contains(s)).Select(s => $"{name} : {s}"));
            }
        }
    }

    [Fact]
    public void The_list_names_nothing_that_is_not_here_or_that_the_package_has()
    {
        var ours = s_paths.Select(MetadataSurface.Read).ToList();
        var all = ours.SelectMany(static s => s.Types.Concat(s.Members)).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(s_listed.Where(l => !all.Contains(l)));
        Assert.Empty(s_listed.Where(static l => s_orleans.Types.Contains(l) || s_orleans.Members.Contains(l)));
    }

    [Fact]
    public void What_generated_code_needs_is_the_only_exception()
        => Assert.All(
            s_paths.SelectMany(static p => MetadataSurface.Read(p).Types)
                .Where(static t => !s_orleans.Types.Contains(t) && !s_listed.Contains(t)),
            static t => Assert.Contains(" OrleansCodeGen.Support.", t, StringComparison.Ordinal));

    private static IEnumerable<string> Ours(IEnumerable<string> lines)
        => lines.Where(static l => !l.Contains("OrleansCodeGen.", StringComparison.Ordinal));
}
