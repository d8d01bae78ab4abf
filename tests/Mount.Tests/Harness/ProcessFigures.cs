using System.Globalization;

namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>What a process uses.</summary>
/// <param name="AnonymousBytes">Resident memory that is no file's: heaps, stacks, slabs.</param>
/// <param name="Descriptors">Open descriptors.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Processor">Time on processors since its start, in steps of 10 ms.</param>
internal sealed record ProcessFigures(long AnonymousBytes, int Descriptors, int Threads, TimeSpan Processor)
{
    private const double TicksPerSecond = 100;   // USER_HZ, the unit of /proc/PID/stat on every Linux architecture here

    public static ProcessFigures Of(int processId)
    {
        var root = $"/proc/{processId}";
        // After the name in parentheses: field 3 is the state, 14 and 15 the user's and the system's ticks.
        var stat = File.ReadAllText($"{root}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture)
            + long.Parse(fields[12], CultureInfo.InvariantCulture);
        var status = File.ReadAllLines($"{root}/status");
        return new(
            Field(status, "RssAnon:") * 1024, Directory.GetFiles($"{root}/fd").Length, (int)Field(status, "Threads:"),
            TimeSpan.FromSeconds(ticks / TicksPerSecond));
    }

    private static long Field(string[] status, string name)
    {
        var line = status.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(
            line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }
}
