using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Index;

/// <summary>An index in memory, for simulations: what was committed survives the store that committed it.</summary>
public sealed class MemorySegmentIndex : ISegmentIndex
{
    private readonly SortedDictionary<ulong, SegmentRow> _rows = [];
    private SegmentIndexState _state;

    /// <inheritdoc />
    public string Name => "memory";

    /// <summary>Makes the next commits fail with this error.</summary>
    public FsError Fault { get; set; }

    /// <summary>Commits that succeeded.</summary>
    public int CommitCount { get; private set; }

    /// <inheritdoc />
    public SegmentIndexState Load(Action<SegmentRow> onRow)
    {
        ArgumentNullException.ThrowIfNull(onRow);
        foreach (var row in _rows.Values) onRow(row);
        return _state;
    }

    /// <inheritdoc />
    public void Commit(
        in SegmentIndexState state, IReadOnlyList<SegmentRow> changed, IReadOnlyList<SegmentId> removed)
    {
        if (Fault != FsError.None) throw new FsException(Fault, $"simulated {Fault} of the index");
        foreach (var id in removed) _rows.Remove(id.Value);
        foreach (var row in changed) _rows[row.Id.Value] = row;
        _state = state;
        CommitCount++;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
