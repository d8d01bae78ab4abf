using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>Collects the references of the log beyond an index' cursor: what its counts do not hold yet.</summary>
internal sealed class ReferenceRecorder(ulong cursor) : IReferenceFeed
{
    private readonly List<ReferenceDelta> _pending = [];

    public ulong DurableCursor => cursor;

    public IReadOnlyCollection<ReferenceDelta> Pending => _pending;

    public void Apply(ulong appendId, Stamp stamp, ReadOnlySpan<ReferenceDelta> deltas)
    {
        if (appendId > cursor) _pending.AddRange(deltas);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
}
