using System.Globalization;

namespace ClaudeFs.TestKit.Time;

/// <summary>
/// How far a long test is: a line each half a minute, appended to the file that CLAUDEFS_PROGRESS names, which ./test
/// follows (a test host keeps what a test prints until the test ends). Without that variable nothing is written. Not
/// thread-safe.
/// </summary>
public sealed class Progress(string what, TimeProvider time)
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(30);
    private static readonly string? Target = Environment.GetEnvironmentVariable("CLAUDEFS_PROGRESS");

    private readonly long _started = time.GetTimestamp();
    private long _written = time.GetTimestamp();

    /// <summary>Notes that <paramref name="done"/> of <paramref name="all"/> units are done.</summary>
    public void Note(double done, double all, string unit)
    {
        if (Target is null || time.GetElapsedTime(_written) < LineEvery) return;
        _written = time.GetTimestamp();
        File.AppendAllText(Target, Line(done, all, unit, time.GetElapsedTime(_started)) + "\n");
    }

    private string Line(double done, double all, string unit, TimeSpan elapsed)
    {
        var perSecond = done / elapsed.TotalSeconds;
        var left = perSecond > 0 ? TimeSpan.FromSeconds((all - done) / perSecond) : TimeSpan.Zero;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"   {what}: {done:0} of {all:0} {unit}, {perSecond:0.##}/s, {left:h\\:mm\\:ss} left");
    }
}
