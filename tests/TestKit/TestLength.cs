namespace ClaudeFs.TestKit;

/// <summary>How much the tests do.</summary>
public static class TestLength
{
    /// <summary>CLAUDEFS_TEST_LONG=1, as `./test --long` sets it: more seeds, places, rounds; for hours.</summary>
    public static bool IsLong { get; } = Environment.GetEnvironmentVariable("CLAUDEFS_TEST_LONG") == "1";
}
