using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit;
using Xunit.Abstractions;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// Power cuts at random moments, also of a start after a cut, and kills among them: on log, journal, segments and
/// tables that drop, reorder and tear what was not flushed. A hundred cuts; 2 000 with CLAUDEFS_TEST_LONG=1.
/// </summary>
/// <remarks>
/// After each: what was answered for is there, nothing removed is back, every file has a state that it had, no
/// operation of a client is missing before one that is there (the drivers' <c>RecoverAsync</c>), and fsck finds nothing
/// before the start. The tables are the memory form of the row table: they are durable up to the last
/// <c>MakeDurable</c>, all or nothing, as a finished checkpoint of SQLite's log makes them. SQLite's own files are cut
/// in tests/Mount.Tests.
/// </remarks>
public sealed class PowerCutTests(ITestOutputHelper output)
{
    private const int CutsPerSeed = 25;
    private const int Cuts = 100;
    private const int CutsLong = 2000;
    private const int PlantedSeedsMax = 12;

    [Fact]
    public async Task Random_cuts_lose_nothing_that_was_answered_for()
    {
        var counts = default(CrashCounts);
        for (var seed = 1; counts.Cuts < (TestLength.IsLong ? CutsLong : Cuts); seed++) counts += await RunAsync(seed);
        output.WriteLine($"{counts}");
        Assert.True(counts.Kills > 0 && counts.StartsCut > 0, $"{counts}");
    }

    [Theory]
    [InlineData(nameof(PlantedFault.LogIsNotFlushed))]
    [InlineData(nameof(PlantedFault.DataIsNotFlushed))]
    [InlineData(nameof(PlantedFault.LogIsRecycledEarly))]
    [InlineData(nameof(PlantedFault.TornAppendIsTrusted))]
    [InlineData(nameof(PlantedFault.TornDataIsTrusted))]
    public void Planted_fault_is_found(string fault) => output.WriteLine(Runs.FindFailure(PlantedSeedsMax,
        seed => SimulationRun.Execute(SimulationPlan.OfCuts(seed, CutsPerSeed, Enum.Parse<PlantedFault>(fault)))));

    private static async Task<CrashCounts> RunAsync(int seed)
    {
        var printed = await Runs.InOtherProcessAsync(Program.CutsArgument, $"{seed}", $"{CutsPerSeed}");
        return CrashCounts.Parse(printed.Split('\n')[1]);
    }
}
