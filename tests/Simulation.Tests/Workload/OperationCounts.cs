namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>How often each operation was done.</summary>
internal sealed class OperationCounts
{
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    public int Total { get; private set; }

    /// <summary>Counts one; the first word is the operation.</summary>
    public void Add(string operation)
    {
        var word = operation.Split(' ')[0];
        _counts[word] = _counts.GetValueOrDefault(word) + 1;
        Total++;
    }

    public override string ToString() => string.Join(" ", _counts.Select(static pair => $"{pair.Key}={pair.Value}"));
}
