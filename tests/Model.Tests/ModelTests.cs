using System.Collections.Concurrent;
using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Model.Tests.Runs;
using ClaudeFs.Model.Tests.Systems;
using ClaudeFs.TestKit;
using Xunit.Abstractions;

namespace ClaudeFs.Model.Tests;

/// <summary>
/// Programs drawn from seeds, on two clients, against a model in memory and the local file system. A failure prints the
/// shortest program that still fails; the same text, in a file named by CLAUDEFS_MODEL_PROGRAM, is run by
/// <see cref="ProgramTests"/>. CLAUDEFS_MODEL_SEED and CLAUDEFS_MODEL_COUNT choose other seeds.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private const int Workers = 4;
    private const int FailuresMax = 10;
    private const int LibraryPrograms = 1000;
    private const int LibraryProgramsLong = 9000;
    private const int MountPrograms = 50;
    private const int MountProgramsLong = 1000;
    private const int MountSeeds = 1_000_000;

    [Fact]
    public async Task The_client_library_answers_as_the_model_and_the_local_file_system()
    {
        await using var world = await LibraryWorld.StartAsync();
        await RunAllAsync(
            Given("SEED", 1), Given("COUNT", TestLength.IsLong ? LibraryProgramsLong : LibraryPrograms),
            world.BeginAsync);
    }

    [Fact]
    public async Task Two_mounts_answer_as_the_model_and_the_local_file_system()
    {
        await using var world = await MountWorld.StartAsync();
        await RunAllAsync(
            MountSeeds + Given("SEED", 1), Given("COUNT", TestLength.IsLong ? MountProgramsLong : MountPrograms),
            world.BeginAsync);
    }

    private static int Given(string what, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable($"CLAUDEFS_MODEL_{what}"), out var value) ? value : otherwise;

    // Several programs at a time: a commit waits for the disk, and each works in a directory of its own.
    private async Task RunAllAsync(int firstSeed, int count, Func<Task<ITestedSystem[]>> begin)
    {
        var coverage = new Coverage();
        var failed = new ConcurrentQueue<(int Seed, List<Operation> Program, string Failure)>();
        await Parallel.ForAsync(firstSeed, firstSeed + count, new ParallelOptions { MaxDegreeOfParallelism = Workers },
            async (seed, _) =>
            {
                if (failed.Count >= FailuresMax) return;
                var program = await Generator.DrawAsync(seed);
                var failure = await ProgramTests.RunAsync(program, begin, coverage);
                if (failure is not null) failed.Enqueue((seed, program, failure));
            });
        output.WriteLine($"{coverage}");
        foreach (var (seed, _, failure) in failed) output.WriteLine($"seed {seed}: {failure}");
        if (failed.OrderBy(static f => f.Program.Count).FirstOrDefault() is { Program: not null } first)
        {
            var shrunk = await Shrinker.ShrinkAsync(
                first.Program, first.Failure, program => ProgramTests.RunAsync(program, begin, new()));
            Assert.Fail(
                $"Seed {first.Seed}: {first.Failure}\nShrunk: {shrunk.Failure}\n{string.Join('\n', shrunk.Program)}");
        }

        if (count >= MountPrograms) Assert.Empty(coverage.Missing());
    }
}
