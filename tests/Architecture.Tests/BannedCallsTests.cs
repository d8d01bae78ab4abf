using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class BannedCallsTests
{
    [Theory]
    [InlineData("System.Threading.Thread.Sleep(1);")]
    [InlineData("Thread.Sleep(1);")]
    [InlineData("Channel.CreateUnbounded<int>();")]
    [InlineData("System.Threading.Channels.Channel.CreateBounded<int>(1);")]
    [InlineData("SemaphoreSlim gate = new(1); await gate.WaitAsync();")]
    [InlineData("var gate = new SemaphoreSlim(1); await gate.WaitAsync(token);")]
    [InlineData("SemaphoreSlim? gate = null; gate?.WaitAsync(1, token);")]
    [InlineData("await task.ConfigureAwait(false);")]
    [InlineData("await task.ConfigureAwait(continueOnCapturedContext: false);")]
    [InlineData("await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);")]
    [InlineData("logger.LogInformation(\"x\");")]
    [InlineData("ILogger sink = null; sink.Log(level, \"x\");")]
    public void A_banned_call_is_found(string body) => Assert.Single(Check("Grains/A.cs", body));

    [Theory]
    [InlineData("await task.WaitAsync(timeout, clock, token);")]
    [InlineData("await task.ConfigureAwait(true);")]
    [InlineData("await task.ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | Suppress);")]
    [InlineData("Sleep(1); bed.Sleep(1);")]
    [InlineData("Math.Log(2); Log(2);")]
    [InlineData("log.LeaseRanOut(silo);")]
    public void Another_call_passes(string body) => Assert.Empty(Check("Grains/A.cs", body));

    [Theory, InlineData("Runtime/A.cs", 0), InlineData("Grains/A.cs", 1)]
    public void Awaiters_in_the_runtimes_own_hands_pass(string path, int violations) =>
        Assert.Equal(violations, Check(path, "_inner = task.ConfigureAwait(false).GetAwaiter();").Count());

    [Fact]
    public void Fields_and_parameters_count_as_semaphores()
    {
        const string Text = """
            class A
            {
                private readonly SemaphoreSlim _gate = new(1);
                Task M(System.Threading.SemaphoreSlim other) => Both(this._gate.WaitAsync(), other.WaitAsync());
            }
            """;
        Assert.Equal(2, BannedCalls.Check(new SourceFile("Grains/A.cs", Text)).Count());
    }

    [Theory, InlineData("Platform/Loops/A.cs"), InlineData("Runtime/Scheduling/A.cs"), InlineData("Silo/A.cs")]
    public void Channels_are_for_those_who_make_loops(string path)
    {
        Assert.Empty(Check(path, "Channel.CreateUnbounded<int>();"));
        Assert.Single(Check(path, "Thread.Sleep(1);"));
    }

    [Theory]
    [InlineData("Client/Sdk/A.cs", "public", "public", 0)]
    [InlineData("Client/Sdk/A.cs", "internal", "public", 1)]
    [InlineData("Client/Sdk/A.cs", "public", "private", 1)]
    [InlineData("Fuse/A.cs", "public", "public", 1)]
    public void ConfigureAwait_is_for_public_methods_of_the_client(
        string path, string type, string method, int violations)
    {
        var text = $"{type} class A {{ {method} async Task M() {{ await x.ConfigureAwait(false); }} }}";
        Assert.Equal(violations, BannedCalls.Check(new SourceFile(path, text)).Count());
    }

    private static IEnumerable<string> Check(string path, string body) =>
        BannedCalls.Check(new SourceFile(path, $"class A {{ async Task M() {{ {body} }} }}"));
}
