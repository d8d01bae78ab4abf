using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class LogEventsTests
{
    [Theory]
    [InlineData("Client/ClientLog.cs", "[LoggerMessage(2001, LogLevel.Debug, \"x\")]", 0)]
    [InlineData("Runtime/RuntimeLog.cs", "[LoggerMessage(EventId = 110, Message = \"x\")]", 0)]
    [InlineData("Gateways/S3/S3Log.cs", "[LoggerMessage(5000, LogLevel.Debug, \"x\")]", 0)]
    [InlineData("Client/ClientLog.cs", "[LoggerMessage(3001, LogLevel.Debug, \"x\")]", 1)]
    [InlineData("Client/ClientLog.cs", "[LoggerMessage(EventId = 1999, Message = \"x\")]", 1)]
    [InlineData("Client/ClientLog.cs", "[LoggerMessage(LogLevel.Debug, \"x\")]", 1)]
    [InlineData("Client/Session.cs", "[LoggerMessage(2001, LogLevel.Debug, \"x\")]", 1)]
    public void An_event_has_its_file_and_its_block(string path, string attribute, int violations) =>
        Assert.Equal(violations, LogEvents.Check([Log(path, attribute)]).Count());

    [Fact]
    public void A_number_is_given_once()
    {
        const string Event = "[LoggerMessage(7000, LogLevel.Debug, \"x\")]";
        Assert.Empty(LogEvents.Check([Log("Platform/ALog.cs", Event)]));
        Assert.Single(LogEvents.Check([Log("Platform/ALog.cs", Event), Log("Cli/BLog.cs", Event)]));
    }

    private static SourceFile Log(string path, string attribute) =>
        new(path, $"static partial class A {{ {attribute} static partial void M(this ILogger logger); }}");
}
