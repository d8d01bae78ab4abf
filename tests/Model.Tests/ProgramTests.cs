using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Model.Tests.Runs;
using ClaudeFs.Model.Tests.Systems;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests;

/// <summary>Programs as texts: the ones that once failed, and the one that somebody looks at.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task Programs_that_once_failed_answer_as_the_model()
    {
        string[] programs =
        [
            // A flush moved the ctime that the writer had been shown.
            """
            Create Path=a Flags=2 Mode=493
            Write Offset=65536 Length=1 Data=439055208
            Audit Look=1
            """,

            // A name of a class that is not served: what it answered hung on what the client happened to know.
            """
            Create Client=1 Path=a Slot=3 Flags=1154 Mode=384
            GetXattr Path=a Other=other.d Length=400
            GetXattr Client=1 Path=a Other=other.d Length=400
            RemoveXattr Path=a Other=other.d
            """,

            // Whoever copied within one file behind its end went on to copy the copy.
            """
            Create Client=1 Look=1 Path=a Slot=4 Flags=2 Mode=420
            Truncate Client=1 Path=a Length=1285
            CopyRange Client=1 Look=1 Slot=4 OtherSlot=4 OtherOffset=65536 Length=3709
            """,

            // The size was looked at before the type, and before the mode.
            """
            MakeDirectory Path=a Mode=493
            Truncate Path=a Length=1152921504606846976
            MakeNode Path=b Mode=4096
            Truncate Path=b Length=1152921504606846976
            Create Path=c Flags=2 Mode=420
            Allocate Flags=2 Offset=1152921504606846976 Length=5064
            """,

            // A mount appended where its kernel had last seen the end of the file: over what was written there since.
            """
            Create Client=1 Path=a Slot=4 Flags=1154 Mode=420
            Truncate Path=a Length=4096
            Write Client=1 Slot=4 Length=1393
            """,
        ];
        if (Environment.GetEnvironmentVariable("CLAUDEFS_MODEL_PROGRAM") is { } file)
        {
            programs = [await File.ReadAllTextAsync(file)];
        }

        await using var library = await LibraryWorld.StartAsync();
        await using var mounts = await MountWorld.StartAsync();
        foreach (var program in programs)
        {
            await AssertRightAsync(Parse(program), library.BeginAsync);
            await AssertRightAsync(Parse(program), mounts.BeginAsync);
        }
    }

    [Fact]
    public async Task A_failing_program_is_shrunk_to_what_fails()
    {
        var program = await Generator.DrawAsync(11);
        static Task<string?> RunAsync(IReadOnlyList<Operation> program) => Task.FromResult(
            program.Any(static op => op.Kind == OperationKind.Link)
            && program.Any(static op => op.Kind == OperationKind.Unlink) ? "both" : null);
        Assert.NotNull(await RunAsync(program));
        var (shrunk, failure) = await Shrinker.ShrinkAsync(program, "both", RunAsync);
        Assert.Equal("both", failure);
        Assert.Equal(2, shrunk.Count);
    }

    [Fact]
    public async Task A_wrong_answer_is_found_at_the_operation_that_gave_it()
    {
        var program = await Generator.DrawAsync(1);
        var at = program.FindIndex(static op => op.Kind == OperationKind.Write);
        await using var library = await LibraryWorld.StartAsync();
        async Task<ITestedSystem[]> BeginAsync() => [new LyingSystem((await library.BeginAsync())[1], program[at])];
        var failure = await RunAsync(program, BeginAsync, new());
        Assert.StartsWith($"operation {at + 1} of {program.Count}: {program[at]}", failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_is_read_back_from_its_text()
    {
        var program = await Generator.DrawAsync(7);
        Assert.Equal(program, Parse(string.Join('\n', program)));
    }

    /// <summary>Runs it in directories of its own; null when all answered as the model.</summary>
    internal static async Task<string?> RunAsync(
        IReadOnlyList<Operation> program, Func<Task<ITestedSystem[]>> begin, Coverage coverage)
    {
        var systems = await begin();
        try
        {
            return await ProgramRun.RunAsync(program, systems, coverage);
        }
        finally
        {
            foreach (var system in systems) await system.DisposeAsync();
        }
    }

    private static async Task AssertRightAsync(List<Operation> program, Func<Task<ITestedSystem[]>> begin)
    {
        var failure = await RunAsync(program, begin, new());
        Assert.True(failure is null, failure);
    }

    internal static List<Operation> Parse(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Operation.Parse)];

    /// <summary>Answers one operation with EIO.</summary>
    private sealed class LyingSystem(ITestedSystem system, Operation lie) : ITestedSystem
    {
        public SystemKind Kind => system.Kind;

        public async ValueTask<Outcome> RunAsync(Operation op)
        {
            var answer = await system.RunAsync(op);
            return op == lie ? FsError.EIO : answer;
        }

        public ValueTask DisposeAsync() => system.DisposeAsync();
    }
}
