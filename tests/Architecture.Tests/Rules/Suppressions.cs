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
        for (var i = 0; i < lines.Length; i++)
        {
            if (LetsIn(file.Path, lines[i])) yield return file.Violation(i + 1, "lets banned symbols in");
        }
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
                || (line.Contains("NoWarn", StringComparison.Ordinal) && line.Contains(Rule, StringComparison.Ordinal)));
    }
}
