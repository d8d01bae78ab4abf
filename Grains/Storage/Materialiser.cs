using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Brings committed appends into the tables, in the background: coalesced, in large transactions. Then makes them
/// durable, and only then lets rows leave the shard tables and log be recycled, up to what every follower of the
/// references holds as well. A full disk is waited for: what was taken is tried again, and the log bears what comes
/// meanwhile.
/// Invariants: appends are taken in their order, each once; the checkpoint is part of the transaction that holds its
/// rows; the log's tail in a checkpoint is durable before what lies before it is overwritten.
/// </summary>
internal sealed class Materialiser : IDisposable
{
    private readonly Lock _lock = new();
    private readonly MetadataStore _store;
    private readonly MetadataSeams _seams;
    private readonly ILoop _loop;
    private readonly ITimer _timer;
    private readonly Queue<CommittedAppend> _pending = new();
    private readonly Queue<LogTail> _retained = new();
    private readonly List<TaskCompletionSource> _drains = [];
    private readonly List<CommittedAppend> _taken = [];
    private readonly Dictionary<(ShardId, RowKey), Row?> _rows = [];
    private readonly Dictionary<ShardId, ulong> _sequences = [];
    private long _pendingBytes;
    private long _oldestTime;
    private bool _isRunning;
    private bool _isScheduled;
    private bool _isHeld = true;
    private bool _isWanted;
    private bool _isPrepared;
    private bool _isStalled;

    public Materialiser(MetadataStore store, MetadataSeams seams, ILoop loop)
    {
        _store = store;
        _seams = seams;
        _loop = loop;
        Checkpoint = seams.Rows.Checkpoint;
        _timer = seams.Time.CreateTimer(static state => ((Materialiser)state!).OnTimer(), this,
            Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How far the tables durably reach.</summary>
    public TableCheckpoint Checkpoint { get; private set; }

    /// <summary>Bytes of log that the tables lack.</summary>
    public long LagBytes => Volatile.Read(ref _pendingBytes);

    /// <summary>
    /// The bound of the lag is reached: commits wait. On a full disk they do not: growth is refused instead.
    /// </summary>
    public bool IsBehind
    {
        get
        {
            if (_store.Shortage is not null) return false;
            lock (_lock)
            {
                return _pendingBytes > StoreLimits.LagBytesMax
                    || (_pendingBytes > 0 && _seams.Time.GetElapsedTime(_oldestTime) > StoreLimits.LagTimeMax);
            }
        }
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>Takes over a committed append and its batches.</summary>
    public void Add(CommittedAppend append)
    {
        bool isMuch;
        lock (_lock)
        {
            append.Time = _seams.Time.GetTimestamp();
            if (_pendingBytes == 0) _oldestTime = append.Time;
            _pending.Enqueue(append);
            _pendingBytes += append.Bytes;
            isMuch = _pendingBytes >= StoreLimits.MaterialiseBytes;
            if (!isMuch && !_isRunning && !_isHeld) Schedule();
        }

        if (isMuch) Hurry();
    }

    /// <summary>
    /// The log has been read to its end: from now on it may be recycled. Before, what is replayed only gathers.
    /// </summary>
    public void Begin()
    {
        lock (_lock) _isHeld = false;
        Hurry();
    }

    /// <summary>Starts to work now, not at the end of the interval.</summary>
    public void Hurry()
    {
        lock (_lock)
        {
            _isWanted = true;
            if (_isRunning || _isHeld || _isStalled) return;
            _isRunning = true;
        }

        _loop.Post(static state => _ = ((Materialiser)state!).RunAsync(), this);
    }

    /// <summary>Completes when everything added before is durably in the tables.</summary>
    public Task DrainAsync()
    {
        var drained = new TaskCompletionSource();
        lock (_lock)
        {
            _drains.Add(drained);
        }

        Hurry();
        return drained.Task;
    }

    private void OnTimer()
    {
        lock (_lock) (_isScheduled, _isStalled) = (false, false);
        Hurry();
    }

    private async Task RunAsync()
    {
        try
        {
            while (Take()) await MaterialiseAsync();
        }
        catch (FsException fault) when (fault.Error == FsError.ENOSPC)
        {
            _store.NoteShortage(fault.Message);
            Stall(fault);
        }
        catch (Exception fault)
        {
            StoreLog.MaterialiserFailed(_store.Logger, fault);
            _store.Fail($"{_seams.Rows.Name}: {fault.Message}");
            Stop(fault);
        }
    }

    // What was taken stays so until the disk has room for it.
    private void Stall(FsException fault)
    {
        List<TaskCompletionSource> drains;
        lock (_lock)
        {
            (_isRunning, _isStalled, _isScheduled) = (false, true, true);
            drains = [.. _drains];
            _drains.Clear();
            _timer.Change(StoreLimits.FullDiskRetry, Timeout.InfiniteTimeSpan);
        }

        foreach (var drain in drains) drain.SetException(fault);
    }

    // The timer measures from the first append that waits. Precondition: the lock is held.
    private void Schedule()
    {
        if (_isScheduled) return;
        _isScheduled = true;
        _timer.Change(StoreLimits.MaterialiseInterval, Timeout.InfiniteTimeSpan);
    }

    private bool Take()
    {
        List<TaskCompletionSource> drained;
        lock (_lock)
        {
            if (_isPrepared) return true;
            _taken.Clear();
            var isEnough = _isWanted || _drains.Count > 0 || _pendingBytes >= StoreLimits.MaterialiseBytes;
            if (_pending.Count > 0 && !isEnough)
            {
                // What came during the last transaction is coalesced with what will come.
                _isRunning = false;
                Schedule();
                return false;
            }

            _isWanted = false;
            var bytes = 0L;
            while (bytes < StoreLimits.TransactionLogBytesMax && _pending.TryDequeue(out var append))
            {
                _taken.Add(append);
                bytes += append.Bytes;
            }

            if (_taken.Count > 0) return true;
            _isRunning = false;
            drained = [.. _drains];
            _drains.Clear();
        }

        foreach (var drain in drained) drain.SetResult();
        return false;
    }

    private void Stop(Exception fault)
    {
        List<TaskCompletionSource> drains;
        lock (_lock)
        {
            _isRunning = true;
            drains = [.. _drains];
            _drains.Clear();
        }

        foreach (var drain in drains) drain.SetException(fault);
    }

    private async ValueTask MaterialiseAsync()
    {
        if (!_isPrepared)
        {
            Feed();
            Coalesce();
            foreach (var append in _taken) _retained.Enqueue(new(append.Append, append.EndPosition));
            _isPrepared = true;
        }

        if (_seams.Feed is { } feed && _seams.Log.UsedBytes > _seams.Log.CapacityBytes / 2) await feed.FlushAsync();
        var checkpoint = NextCheckpoint(_taken[^1], out var passed);
        var rows = new List<TableChange>(_rows.Count);
        foreach (var (key, row) in _rows) rows.Add(new(key.Item1, key.Item2, row));
        _seams.Rows.Apply(new(rows, _sequences, checkpoint));
        _seams.Rows.MakeDurable();
        _isPrepared = false;
        while (passed-- > 0) _retained.Dequeue();
        Release();
        Checkpoint = checkpoint;
        _seams.Log.Recycle(new(checkpoint.TailAppend, checkpoint.TailPosition));
        Finish();
        _store.NoteShortage(null);
        _store.Kick();
    }

    private void Feed()
    {
        if (_seams.Feed is not { } feed) return;
        var deltas = new List<ReferenceDelta>();
        foreach (var append in _taken)
        {
            deltas.Clear();
            foreach (var batch in append.Batches.Span) deltas.AddRange(batch.References);
            feed.Apply(append.Append, append.Stamp, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(deltas));
        }
    }

    private void Coalesce()
    {
        _rows.Clear();
        _sequences.Clear();
        foreach (var append in _taken)
        {
            if (append.IsMaterialised) continue;
            foreach (var batch in append.Batches.Span)
            {
                foreach (var change in batch.Changes) _rows[(batch.ShardId, change.Key)] = change.Row;
                _sequences[batch.ShardId] = batch.Sequence;
            }
        }
    }

    // The tail: after what the tables hold by this very checkpoint, and what the feed holds already.
    private TableCheckpoint NextCheckpoint(CommittedAppend last, out int passed)
    {
        var before = Checkpoint;
        var isNewer = last.Append > before.Append;
        var append = isNewer ? last.Append : before.Append;
        var position = isNewer ? last.EndPosition : before.Position;
        var needed = Math.Min(append, _seams.Feed?.DurableCursor ?? append);
        var tail = new LogTail(before.TailAppend, before.TailPosition);
        passed = 0;
        foreach (var retained in _retained)
        {
            if (retained.Append > needed) break;
            tail = new(retained.Append + 1, retained.Position);
            passed++;
        }

        var stamp = last.Stamp > before.Stamp ? last.Stamp : before.Stamp;
        return new(append, position, tail.Append, tail.Position, stamp);
    }

    private void Release()
    {
        foreach (var group in _rows.Keys.GroupBy(static key => key.Item1))
        {
            _store.Shards[group.Key].Release(group.Select(static key => key.Item2), _sequences[group.Key]);
        }
    }

    private void Finish()
    {
        var bytes = 0L;
        foreach (var append in _taken)
        {
            bytes += append.Bytes;
            foreach (var batch in append.Batches.Span) _store.ReturnBatch(batch);
        }

        lock (_lock)
        {
            _pendingBytes -= bytes;
            if (_pending.TryPeek(out var oldest)) _oldestTime = oldest.Time;
        }
    }
}
