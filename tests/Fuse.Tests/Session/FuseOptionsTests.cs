using ClaudeFs.Fuse.Session;

namespace ClaudeFs.Fuse.Tests.Session;

public class FuseOptionsTests
{
    public static TheoryData<string, FuseOptions> Wrong => new()
    {
        { "Readers", new() { Readers = 0 } },
        { "Readers", new() { Readers = 65 } },
        { "RequestTimeout", new() { RequestTimeout = TimeSpan.Zero } },
        { "NotificationTimeout", new() { NotificationTimeout = -TimeSpan.FromSeconds(1) } },
        { "StopTimeout", new() { StopTimeout = TimeSpan.Zero } },
        { "ReadAheadBytes", new() { ReadAheadBytes = 5000 } },
        { "Source", new() { Source = "a,fd=0" } },
        { "Subtype", new() { Subtype = "" } },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void Validate_names_what_is_wrong(string property, FuseOptions options)
    {
        var refused = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Contains($"FuseOptions.{property} is", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_takes_the_defaults() => new FuseOptions().Validate();
}
