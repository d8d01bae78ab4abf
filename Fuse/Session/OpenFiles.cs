using System.Globalization;

namespace ClaudeFs.Fuse.Session;

/// <summary>A process that keeps a mount busy.</summary>
/// <param name="ProcessId">Its number.</param>
/// <param name="ProcessName">Its command.</param>
/// <param name="Paths">What it holds: open files, its working directory, its program.</param>
public readonly record struct MountUser(int ProcessId, string ProcessName, IReadOnlyList<string> Paths);

/// <summary>Who has files of a mount open, from /proc: nothing is asked of the file system itself.</summary>
internal static class OpenFiles
{
    /// <summary>Processes of other users are seen only by root. Without a path (the mount is detached) only open files
    /// count.</summary>
    internal static IReadOnlyList<MountUser> Find(int mountId, string? mountPath)
    {
        var users = new List<MountUser>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out var processId)) continue;
            var paths = FindOfProcess(directory, mountId, mountPath);
            if (paths.Count != 0) users.Add(new(processId, ReadName(directory), paths));
        }

        return users;
    }

    private static List<string> FindOfProcess(string process, int mountId, string? mountPath)
    {
        var paths = new List<string>();
        try
        {
            if (mountPath is not null) AddLinksUnder(mountPath, process, paths);
            foreach (var info in Directory.EnumerateFiles($"{process}/fdinfo"))
            {
                if (ReadMountId(info) != mountId) continue;
                paths.Add(ReadLink($"{process}/fd/{Path.GetFileName(info)}") ?? "?");
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile, or it is another user's.
        }

        return paths;
    }

    private static void AddLinksUnder(string mountPath, string process, List<string> paths)
    {
        foreach (var link in (ReadOnlySpan<string>)["cwd", "root", "exe"])
        {
            var target = ReadLink($"{process}/{link}");
            if (target is not null && IsUnder(target, mountPath)) paths.Add(target);
        }
    }

    private static int ReadMountId(string fdinfo)
    {
        const string Label = "mnt_id:";
        foreach (var line in File.ReadLines(fdinfo))
        {
            if (line.StartsWith(Label, StringComparison.Ordinal))
            {
                return int.TryParse(line.AsSpan(Label.Length).Trim(), CultureInfo.InvariantCulture, out var id) ? id
                    : -1;
            }
        }

        return -1;
    }

    // The text of the link only: following it would ask the mounted file system.
    private static string? ReadLink(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsUnder(string path, string directory) =>
        path == directory || path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string ReadName(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return "?";
        }
    }
}
