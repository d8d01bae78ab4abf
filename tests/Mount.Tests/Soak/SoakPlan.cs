using System.Globalization;

namespace ClaudeFs.Mount.Tests.Soak;

/// <summary>How long a soak is: lives of the daemon, each ended by a kill.</summary>
/// <param name="Lives">How many.</param>
/// <param name="Life">How long each works.</param>
/// <param name="SampleEvery">Time between two samples.</param>
/// <param name="IsLong">Whether the bounds are those of a long run.</param>
internal sealed record SoakPlan(int Lives, TimeSpan Life, TimeSpan SampleEvery, bool IsLong)
{
    private const double LongMinutes = 40;
    private const int LivesMin = 10;     // of a run that is given in minutes: thirds need some
    private const int SamplesPerLife = 6;
    private const int WarmUpShare = 10;

    /// <summary>The first lives of this many are not compared: caches and tables still fill.</summary>
    public int WarmUpLives => IsLong ? Math.Max(Lives / WarmUpShare, 1) : 0;

    /// <summary>CLAUDEFS_SOAK_MINUTES, 40 in a long run, else three lives of seven seconds.</summary>
    public static SoakPlan FromEnvironment()
    {
        var asked = Environment.GetEnvironmentVariable("CLAUDEFS_SOAK_MINUTES");
        if (asked is null && Environment.GetEnvironmentVariable("CLAUDEFS_TEST_LONG") != "1")
        {
            return new(3, TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(2), IsLong: false);
        }

        var length = TimeSpan.FromMinutes(
            asked is null ? LongMinutes : double.Parse(asked, CultureInfo.InvariantCulture));
        var lives = Math.Max((int)length.TotalMinutes, LivesMin);
        return new(lives, length / lives, length / lives / SamplesPerLife, IsLong: true);
    }
}
