using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests.Trees;

/// <summary>One twentieth of a phase.</summary>
/// <param name="PerFile">Elapsed time for one file.</param>
/// <param name="ProcessorPerFile">The daemon's time on processors for one file.</param>
/// <param name="AnonymousBytes">The daemon's memory at its end.</param>
internal sealed record TreeSlice(TimeSpan PerFile, TimeSpan ProcessorPerFile, long AnonymousBytes);

/// <summary>What one kind of work cost, slice by slice.</summary>
internal sealed record TreePhase(string Name, IReadOnlyList<TreeSlice> Slices)
{
    private const int Fifth = TreeLoad.Slices / 5;

    public long AnonymousBytesMax => Slices.Max(slice => slice.AnonymousBytes);

    /// <summary>µs for one file.</summary>
    public Change PerFile => ChangeOf(slice => slice.PerFile);

    /// <summary>µs of the daemon's processor time for one file.</summary>
    public Change ProcessorPerFile => ChangeOf(slice => slice.ProcessorPerFile);

    private Change ChangeOf(Func<TreeSlice, TimeSpan> figure)
    {
        var costs = Slices.Select(slice => figure(slice).TotalMicroseconds).ToList();
        return new(Change.Median(costs.Take(Fifth)), Change.Median(costs.TakeLast(Fifth)));
    }
}
