using ClaudeFs.Grains.Tests.Kit;

namespace ClaudeFs.Grains.Tests.Model;

public class ModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Random_operations_of_two_sessions_do_what_POSIX_says(int seed)
    {
        await using var silo = await TestSilo.StartAsync(seed);
        await new ModelRun(seed, silo).RunAsync(operations: 700);
    }
}
