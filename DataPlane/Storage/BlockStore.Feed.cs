using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>Following the log for references, and committing the counts.</summary>
public sealed partial class BlockStore
{
    private readonly List<(Segment Body, int Place)> _left = [];
    private ulong _cursor;
    private ulong _durableCursor;
    private ulong _tablesCursor = ulong.MaxValue;
    private Stamp _stamp;

    /// <inheritdoc />
    public ulong DurableCursor
    {
        get => Volatile.Read(ref _durableCursor);
        private set => Volatile.Write(ref _durableCursor, value);
    }

    /// <summary>
    /// How far the metadata's own tables are durable. Once told, nothing is reused that a commit after this cursor let
    /// go: a replay must still find the bytes that the log named in between. Never told: <see cref="DurableCursor"/>
    /// decides.
    /// </summary>
    public void SetTablesCursor(ulong cursor)
    {
        lock (_gate) _tablesCursor = cursor;
    }

    /// <inheritdoc />
    public void Apply(ulong cursor, Stamp stamp, ReadOnlySpan<ReferenceDelta> deltas)
    {
        lock (_gate)
        {
            if (cursor <= _cursor) return;   // replayed: its counts are in already, cursor and counts go together
            var epoch = Epochs.Current;
            foreach (ref readonly var delta in deltas)
            {
                var anomaly = _map.Apply(cursor, delta, epoch);
                if (anomaly == FeedAnomaly.None) continue;
                _counters.AddFeedAnomaly();
                _logger.FeedAnomaly(
                    anomaly, cursor, delta.Location.Segment.Value, delta.Location.Slot, delta.Delta);
            }

            _cursor = cursor;
            _stamp = stamp;
        }
    }

    /// <inheritdoc />
    public async ValueTask FlushAsync(CancellationToken cancellationToken = default) =>
        await _indexCommits.RunAsync().WaitAsync(cancellationToken);

    private ValueTask CommitIndexAsync()
    {
        var changed = new List<SegmentRow>();
        var removed = new List<SegmentId>();
        (Segment Body, int Place)[] left;
        SegmentIndexState state;
        lock (_gate)
        {
            _map.TakeChanges(changed, removed);
            left = [.. _left];
            state = new SegmentIndexState(
                _storage.Superblock.FileSystem, _storage.Superblock.DeviceId, _cursor, _stamp);
        }

        try
        {
            var isDue = changed.Count + removed.Count > 0 || state.Cursor != DurableCursor;
            if (isDue) _index.Commit(state, changed, removed);
        }
        catch (FsException fault)
        {
            lock (_gate) _map.ReturnChanges(changed, removed);
            _logger.IndexFailed(_index.Name, fault);
            throw;
        }

        lock (_gate)
        {
            DurableCursor = state.Cursor;
            foreach (var (body, place) in left) _map.FreeLeft(body, place);
            _left.RemoveRange(0, left.Length);
        }

        SignalFreed();
        return ValueTask.CompletedTask;
    }
}
