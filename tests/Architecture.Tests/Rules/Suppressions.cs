namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// The banned symbols may be let in only where loops are made and processes composed, be it by pragma, by project or by
/// an .editorconfig.
/// </summary>
internal static class Suppressions
{
    private const string Rule = "RS0030";

    private static readonly string[] Homes =
        ["Runtime/Scheduling/", "Platform/Loops/", "Silo/", "Cli/", "tests/", "bench/"];

    public static IEnumerable<string> Check(SourceFile file)
    {
        if (file.IsUnder(Homes)) yield break;
        var lines = file.Text.Split('\n');
        var isHome = false;
        for (var i = 0; i < lines.Length; i++)
        {
            if (IsSection(file.Path, lines[i])) isHome = IsHome(file.Path, lines[i]);
            if (!isHome && LetsIn(file.Path, lines[i])) yield return file.Violation(i + 1, "lets banned symbols in");
        }
    }

    private static bool IsSection(string path, string line) =>
        path.EndsWith(".editorconfig", StringComparison.Ordinal) && line.StartsWith('[');

    // A section names files below its own folder: [Scheduling/**.cs].
    private static bool IsHome(string path, string section)
    {
        var folder = path[..(path.LastIndexOf('/') + 1)];
        return Homes.Any(home => (folder + section[1..]).StartsWith(home, StringComparison.Ordinal));
    }

    private static bool LetsIn(string path, string line)
    {
        if (path.EndsWith(".cs", StringComparison.Ordinal))
        {
            return line.Contains(Rule, StringComparison.Ordinal)
                && (line.Contains("#pragma warning disable", StringComparison.Ordinal)
                    || line.Contains("SuppressMessage", StringComparison.Ordinal));
        }

        if (path.EndsWith("config", StringComparison.Ordinal))
        {
            return line.Contains(Rule, StringComparison.Ordinal)
                && !line.Contains("error", StringComparison.Ordinal);
        }

        return path.EndsWith("proj", StringComparison.Ordinal)
            && (line.Contains("<UseBannedSymbols>false", StringComparison.Ordinal)
                || line.Contains("<UseAnalyzers>false", StringComparison.Ordinal)
                || (line.Contains("NoWarn", StringComparison.Ordinal)
                    && line.Contains(Rule, StringComparison.Ordinal)));
    }
}
