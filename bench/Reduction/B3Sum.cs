using System.Diagnostics;

namespace ClaudeFs.Reduction.Bench;

/// <summary>The baseline: Debian's b3sum with one thread, on a file so large that starting it does not count.</summary>
internal static class B3Sum
{
    private const int FileBytes = 256 << 20;
    private const int Samples = 3;

    /// <summary>GB/s, or null where b3sum is not installed.</summary>
    public static double? GigabytesPerSecond(byte[] block)
    {
        var path = Path.Combine(Path.GetTempPath(), $"b3sum-{Environment.ProcessId}");
        try
        {
            using (var file = File.Create(path))
            {
                for (var written = 0; written < FileBytes; written += block.Length) file.Write(block);
            }

            var best = 0.0;
            for (var sample = 0; sample < Samples; sample++) best = Math.Max(best, FileBytes / Run(path));
            return best;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // not installed: the report says so by having no baseline
        }
        finally
        {
            File.Delete(path);
        }
    }

    // Nanoseconds, with the start of the process: a few milliseconds.
    private static double Run(string path)
    {
        var start = new ProcessStartInfo("b3sum", ["--num-threads", "1", "--no-names", path])
        {
            RedirectStandardOutput = true,
        };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return clock.Elapsed.TotalNanoseconds;
    }
}
