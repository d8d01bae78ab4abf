using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Kit;

/// <summary>A follower of the log that counts references, durable at once.</summary>
internal sealed class CountingFeed : IReferenceFeed
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ChunkLocation, int> _counts = [];
    private ulong _cursor;

    public ulong DurableCursor
    {
        get
        {
            lock (_lock) return _cursor;
        }
    }

    public Dictionary<ChunkLocation, int> Counts
    {
        get
        {
            lock (_lock) return new(_counts);
        }
    }

    public void Apply(ulong cursor, Stamp stamp, ReadOnlySpan<ReferenceDelta> deltas)
    {
        lock (_lock)
        {
            if (cursor <= _cursor) return;
            foreach (ref readonly var delta in deltas)
            {
                _counts[delta.Location] = _counts.GetValueOrDefault(delta.Location) + delta.Delta;
            }

            _cursor = cursor;
        }
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
}
