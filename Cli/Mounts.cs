using System.Text;

namespace ClaudeFs.Cli;

/// <summary>One line of /proc/self/mounts.</summary>
internal sealed record MountEntry(string Source, string MountPoint, string Type);

/// <summary>What is mounted, by the kernel's list. Source: proc(5).</summary>
internal static class Mounts
{
    public const string Type = "fuse.claudefs";

    /// <summary>The topmost ClaudeFS mount at exactly this path, or null.</summary>
    public static MountEntry? Find(string path) => All().LastOrDefault(m => m.MountPoint == path && m.Type == Type);

    /// <summary>Any topmost mount at exactly this path, or null.</summary>
    public static MountEntry? FindAny(string path) => All().LastOrDefault(m => m.MountPoint == path);

    public static IEnumerable<MountEntry> All()
    {
        foreach (var line in File.ReadLines("/proc/self/mounts"))
        {
            var fields = line.Split(' ');
            if (fields.Length >= 3) yield return new(Unescape(fields[0]), Unescape(fields[1]), fields[2]);
        }
    }

    // The kernel writes space, tab, newline and backslash as \ooo.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length)
            {
                text.Append((char)Convert.ToInt32(field.Substring(i + 1, 3), 8));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }
        return text.ToString();
    }
}
