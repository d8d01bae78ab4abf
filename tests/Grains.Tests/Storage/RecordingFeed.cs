using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>A follower of references that counts, and loses at a power cut what it has not made durable.</summary>
internal sealed class RecordingFeed : IReferenceFeed
{
    private Dictionary<ChunkLocation, int> _durable = [];

    public Dictionary<ChunkLocation, int> Counts { get; private set; } = [];

    public ulong Cursor { get; private set; }

    public ulong DurableCursor { get; private set; }

    public void Apply(ulong cursor, Stamp stamp, ReadOnlySpan<ReferenceDelta> deltas)
    {
        if (cursor <= Cursor) return;
        Assert.Equal(Cursor + 1, cursor);
        Cursor = cursor;
        foreach (var delta in deltas)
        {
            var count = Counts.GetValueOrDefault(delta.Location) + delta.Delta;
            Assert.True(count >= 0);
            if (count == 0) Counts.Remove(delta.Location);
            else Counts[delta.Location] = count;
        }
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        _durable = new(Counts);
        DurableCursor = Cursor;
        return ValueTask.CompletedTask;
    }

    public void Crash()
    {
        Counts = new(_durable);
        Cursor = DurableCursor;
    }
}
