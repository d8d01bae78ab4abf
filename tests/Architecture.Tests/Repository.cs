using System.Diagnostics;

namespace ClaudeFs.Architecture.Tests;

/// <summary>The files that git knows or would add, read once.</summary>
internal static class Repository
{
    private static readonly Lazy<IReadOnlyList<SourceFile>> Read = new(ReadFiles);

    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<SourceFile> Files => Read.Value;

    public static IEnumerable<SourceFile> Code => Files.Where(file => file.IsCode);

    public static IEnumerable<SourceFile> Projects =>
        Files.Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Directory.Packages.props")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("Not inside the repository");
        }

        return directory.FullName;
    }

    private static SourceFile[] ReadFiles()
    {
        var start = new ProcessStartInfo("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        };
        using var git = Process.Start(start)!;
        var paths = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return [.. paths.Distinct().Where(path => File.Exists(Path.Combine(Root, path))).Select(ReadFile)
            .Where(file => !file.Text.Contains('\0'))];
    }

    private static SourceFile ReadFile(string path) => new(path, File.ReadAllText(Path.Combine(Root, path)));
}
