using System.Globalization;
using System.Text;

namespace ClaudeFs.Fuse.Session;

/// <summary>A line of /proc/self/mountinfo. Source: proc(5).</summary>
/// <param name="Id">Names the mount while it lives.</param>
/// <param name="DeviceMinor">Minor number of its device; for FUSE also the number of the connection.</param>
/// <param name="Path">Where.</param>
/// <param name="Type">File system type, with subtype.</param>
internal readonly record struct MountEntry(int Id, int DeviceMinor, string Path, string Type);

/// <summary>What is mounted, as this process sees it.</summary>
internal static class MountTable
{
    internal const string Path = "/proc/self/mountinfo";

    /// <summary>In the order of the file: later ones lie over earlier ones.</summary>
    internal static List<MountEntry> Read()
    {
        var entries = new List<MountEntry>();
        foreach (var line in File.ReadLines(Path))
        {
            if (TryParse(line, out var entry)) entries.Add(entry);
        }

        return entries;
    }

    /// <summary>The topmost mount at a path; null when it is no mount point.</summary>
    internal static MountEntry? FindTopmost(string path)
    {
        MountEntry? found = null;
        foreach (var entry in Read())
        {
            if (entry.Path == path) found = entry;
        }

        return found;
    }

    internal static bool Contains(int id) => Read().Exists(entry => entry.Id == id);

    internal static bool TryParse(string line, out MountEntry entry)
    {
        entry = default;
        var fields = line.Split(' ');
        var separator = Array.IndexOf(fields, "-");
        if (separator < 6 || fields.Length < separator + 3) return false;
        var device = fields[2].Split(':');
        if (device.Length != 2
            || !int.TryParse(fields[0], CultureInfo.InvariantCulture, out var id)
            || !int.TryParse(device[1], CultureInfo.InvariantCulture, out var minor))
        {
            return false;
        }

        entry = new(id, minor, Unescape(fields[4]), fields[separator + 1]);
        return true;
    }

    // The kernel writes space, tab, newline and backslash as \ and three octal digits.
    private static string Unescape(string text)
    {
        if (!text.Contains('\\')) return text;
        var source = Encoding.UTF8.GetBytes(text);
        var target = new List<byte>(source.Length);
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '\\' && i + 3 < source.Length && IsOctal(source.AsSpan(i + 1, 3)))
            {
                target.Add((byte)((source[i + 1] - '0') * 64 + (source[i + 2] - '0') * 8 + (source[i + 3] - '0')));
                i += 3;
            }
            else
            {
                target.Add(source[i]);
            }
        }

        return Encoding.UTF8.GetString([.. target]);
    }

    private static bool IsOctal(ReadOnlySpan<byte> digits) => !digits.ContainsAnyExceptInRange((byte)'0', (byte)'7');
}
