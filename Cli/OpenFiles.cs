namespace ClaudeFs.Cli;

/// <summary>A file below a mount that a process keeps open, or works in.</summary>
internal sealed record OpenFile(int ProcessId, string Program, string Path);

/// <summary>Who keeps a mount busy, by /proc: never by touching the mount itself, which may be dead.</summary>
internal static class OpenFiles
{
    public static IReadOnlyList<OpenFile> Below(string mountPoint)
    {
        var found = new List<OpenFile>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var processId)) continue;
            foreach (var link in Links(directory))
            {
                if (Target(link) is { } target && IsBelow(target, mountPoint))
                    found.Add(new(processId, Program(directory), target));
            }
        }
        return found;
    }

    public static string Describe(IReadOnlyList<OpenFile> files)
    {
        const int Shown = 5;
        var list = string.Join(", ", files.Take(Shown).Select(f => $"{f.Path} by {f.Program} ({f.ProcessId})"));
        return files.Count > Shown ? $"{list} and {files.Count - Shown} more" : list;
    }

    private static bool IsBelow(string path, string mountPoint) =>
        path.StartsWith(mountPoint, StringComparison.Ordinal)
        && (path.Length == mountPoint.Length || path[mountPoint.Length] == '/');

    private static IEnumerable<string> Links(string process)
    {
        yield return $"{process}/cwd";
        yield return $"{process}/root";
        yield return $"{process}/exe";
        IEnumerable<string> descriptors;
        try
        {
            descriptors = Directory.GetFiles($"{process}/fd");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            yield break; // another user's process, or one that has just ended
        }
        foreach (var descriptor in descriptors) yield return descriptor;
    }

    private static string? Target(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Program(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").Trim();
        }
        catch (IOException)
        {
            return "?";
        }
    }
}
