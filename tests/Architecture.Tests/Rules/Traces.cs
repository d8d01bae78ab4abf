using System.Text.RegularExpressions;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// The tree speaks of the project alone: no path of the machine it was written on, no number of a ticket.
/// </summary>
internal static partial class Traces
{
    public static IEnumerable<string> Check(SourceFile file)
    {
        var lines = file.Text.Split('\n');
        var isProse = file.Path.EndsWith(".md", StringComparison.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            foreach (Match match in MachinePath().Matches(lines[i]))
            {
                yield return file.Violation(i + 1, $"a path of one machine: {match.Value}");
            }

            if (Ticket().IsMatch(lines[i]) || (isProse && Reference().IsMatch(lines[i])))
            {
                yield return file.Violation(i + 1, "the number of a ticket");
            }
        }
    }

    // Split, so that this file does not contain what it looks for.
    [GeneratedRegex(@"(?<![\w.~])/(wor[k]/|tmp/(w[t]|pla[n])/|tmp/tria[l]-)")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"\bissue #?[0-9]+", RegexOptions.IgnoreCase)]
    private static partial Regex Ticket();

    [GeneratedRegex(@"(^|[\s(])#[0-9]+([\s,.;:)]|$)")]
    private static partial Regex Reference();
}
