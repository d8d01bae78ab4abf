using ClaudeFs.Model.Tests.Programs;

namespace ClaudeFs.Model.Tests.Runs;

/// <summary>Drops operations from a program while it still fails.</summary>
internal static class Shrinker
{
    private const int TriesMax = 600;

    /// <summary>
    /// A program that fails and from which no operation can be dropped, or what was left after so many tries, with its
    /// failure. <paramref name="run"/> answers null for a program that passes.
    /// </summary>
    public static async Task<(List<Operation> Program, string Failure)> ShrinkAsync(
        List<Operation> program, string failure, Func<IReadOnlyList<Operation>, Task<string?>> run)
    {
        var tries = 0;
        for (var size = Math.Max(1, program.Count / 2); ;)
        {
            var hasDropped = false;
            for (var at = 0; at < program.Count && tries < TriesMax;)
            {
                var rest = program.Take(at).Concat(program.Skip(at + size)).ToList();
                tries++;
                if (await run(rest) is { } still)
                {
                    (program, failure, hasDropped) = (rest, still, true);
                }
                else
                {
                    at += size;
                }
            }

            if (tries >= TriesMax || (size == 1 && !hasDropped)) return (program, failure);
            if (!hasDropped || size > program.Count) size = Math.Max(1, size / 2);
        }
    }
}
