using System.Diagnostics;

namespace ClaudeFs.Bench.FileSystem;

/// <summary>A tree of 2 000 small files in 100 directories, as an archive, and the time `tar x` of it takes.</summary>
internal static class TreeArchive
{
    private const int Directories = 100, FilesPerDirectory = 20;

    public static string Make(string directory)
    {
        var random = new Random(11);
        var tree = Directory.CreateDirectory(Path.Combine(directory, "tree"));
        for (var d = 0; d < Directories; d++)
        {
            var sub = tree.CreateSubdirectory($"d{d}");
            for (var f = 0; f < FilesPerDirectory; f++)
            {
                var bytes = new byte[random.Next(100, 20_000)];
                random.NextBytes(bytes);
                File.WriteAllBytes(Path.Combine(sub.FullName, $"f{f}"), bytes);
            }
        }
        var archive = Path.Combine(directory, "tree.tar");
        Run("tar", "-C", directory, "-cf", archive, "tree");
        tree.Delete(recursive: true);
        return archive;
    }

    /// <summary>Seconds of `tar x` into a new directory, which is removed again.</summary>
    public static double Extract(string archive, string directory)
    {
        var target = Directory.CreateDirectory(Path.Combine(directory, "tar"));
        var started = Stopwatch.GetTimestamp();
        Run("tar", "-C", target.FullName, "-xf", archive);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        target.Delete(recursive: true);
        return seconds;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}");
        }
    }
}
