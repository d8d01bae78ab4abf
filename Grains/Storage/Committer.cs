using System.Runtime.InteropServices;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Takes submitted batches to the log: whatever waits when an append has ended goes into the next one, without a timer.
/// One append is in flight. Who waits is completed on a loop of its own, so that nobody's continuation delays the next
/// append. A thread that offers it (<see cref="LoopAssist"/>) makes the append that it waits for itself, and completes
/// its waiters there once the loop has what came meanwhile.
/// Invariants: batches are appended in the order in which they were queued; joint batches never in two appends; after
/// the first failure nothing is appended any more. The queue's lock is taken inside shards' locks, never the other way.
/// </summary>
internal sealed class Committer : IAssistedWork, IDisposable
{
    // What is committed and its hand-over to the materialiser are seen together.
    private readonly Lock _handOver = new();
    private readonly Lock _lock = new();
    private readonly MetadataStore _store;
    private readonly ILogTable _log;
    private readonly ILoop _loop;
    private readonly ILoop _ackLoop;
    private readonly AppendBuffer _buffer = new();
    private readonly Pool<AckGroup> _groups = new(() => new(), StoreLimits.PooledMax);
    private List<ShardBatch> _queue = [];
    private List<ShardBatch> _taken = [];
    private int _takenFrom;
    private readonly ITimer _timer;
    private bool _isRunning;
    private bool _isTimed;

    public Committer(MetadataStore store, ILogTable log, ILoop loop, ILoop ackLoop, TimeProvider time)
    {
        _store = store;
        _log = log;
        _loop = loop;
        _ackLoop = ackLoop;
        _timer = time.CreateTimer(
            static state => ((Committer)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Batches that no append holds yet.</summary>
    public int QueuedCount
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count;
            }
        }
    }

    public bool IsQueueLong => _queue.Count > StoreLimits.QueuedBatchesMax;

    /// <summary>Appends written so far by this process: for figures.</summary>
    public long AppendCount { get; private set; }

    public void Dispose()
    {
        _timer.Dispose();
        _buffer.Dispose();
    }

    /// <summary>Queues a batch. Precondition: its shard's lock is held.</summary>
    public void Enqueue(ShardBatch batch)
    {
        lock (_lock)
        {
            _queue.Add(batch);
        }
    }

    /// <summary>
    /// Queues batches of several shards that commit together. Precondition: their shards' locks are held.
    /// </summary>
    public void Enqueue(ReadOnlySpan<ShardBatch> batches)
    {
        lock (_lock)
        {
            _queue.AddRange(batches);
        }
    }

    /// <summary>Starts the next append if there is work and none in flight.</summary>
    public void Kick()
    {
        lock (_lock)
        {
            if (_isRunning || _queue.Count + _taken.Count - _takenFrom == 0) return;
            _isRunning = true;
        }

        if (!LoopAssist.TryKeep(this)) PostToLoop();
    }

    /// <summary>
    /// As <see cref="Kick"/> for a batch that nobody waits for, a little later: it shares the append and the flush of
    /// what comes next.
    /// </summary>
    public void KickSoon()
    {
        lock (_lock)
        {
            if (_isRunning || _isTimed) return;
            _isTimed = true;
            _timer.Change(StoreLimits.LazyAppendDelay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc />
    public void RunHere() => _ = AssistAsync();

    /// <inheritdoc />
    public void PostToLoop() => _loop.Post(static state => _ = ((Committer)state!).RunAsync(), this);

    /// <summary>Completes waiters on the ack loop.</summary>
    public void Acknowledge(List<CommitWaiter> due, bool isCommitted)
    {
        if (due.Count == 0) return;
        var group = _groups.Rent();
        group.IsCommitted = isCommitted;
        group.Waiters.AddRange(due);
        group.Pool = _groups;
        due.Clear();
        _ackLoop.Post(static state => ((AckGroup)state!).Complete(), group);
    }

    private void OnTimer()
    {
        lock (_lock) _isTimed = false;
        Kick();
    }

    private async Task RunAsync()
    {
        try
        {
            while (TryTake(out var count))
            {
                if (await AppendAsync(count) is not { } group) return;
                if (group.Waiters.Count == 0) group.Complete();
                else _ackLoop.Post(static state => ((AckGroup)state!).Complete(), group);
            }
        }
        catch (Exception fault)
        {
            Stop(fault);
        }
    }

    // One append only: what came meanwhile is the loop's, so that the helper is soon back at its own work.
    private async Task AssistAsync()
    {
        AckGroup? group = null;
        try
        {
            if (!TryTake(out var count)) return;
            group = await AppendAsync(count);
            if (group is not null && !TryRest()) PostToLoop();
        }
        catch (Exception fault)
        {
            Stop(fault);
        }

        group?.Complete();
    }

    // False when more is waiting: then the committer still runs.
    private bool TryRest()
    {
        lock (_lock)
        {
            _isRunning = _queue.Count + _taken.Count - _takenFrom > 0;
            return !_isRunning;
        }
    }

    private void Stop(Exception fault)
    {
        _store.Fail($"The committer stopped: {fault.Message}");
        StoreLog.CommitterFailed(_store.Logger, fault);
    }

    // How many of the taken batches go into the next append; false when there is nothing to do or no room.
    private bool TryTake(out int count)
    {
        count = 0;
        lock (_lock)
        {
            if (_takenFrom == _taken.Count)
            {
                _taken.Clear();
                _takenFrom = 0;
                (_queue, _taken) = (_taken, _queue);
            }

            if (_taken.Count == 0 || _store.IsReadOnly(out _))
            {
                _isRunning = false;
                return false;
            }

            count = Gather();
            var isHeld = _store.Materialiser.IsBehind || _log.CapacityBytes - _log.UsedBytes < AppendBytes(count);
            if (!isHeld) return true;
            _isRunning = false;
        }

        _store.Materialiser.Hurry();
        return false;
    }

    private int Gather()
    {
        var bytes = 0L;
        var end = _takenFrom;
        while (end < _taken.Count)
        {
            var next = end;
            do
            {
                bytes += BatchBytes(_taken[next]);
            }
            while (_taken[next++].IsJoinedToNext);

            if (end > _takenFrom && bytes > StoreLimits.AppendBytesTarget) break;
            end = next;
        }

        return end - _takenFrom;
    }

    private long AppendBytes(int count)
    {
        var bytes = 0L;
        for (var i = 0; i < count; i++) bytes += BatchBytes(_taken[_takenFrom + i]);
        return LogFormat.PaddedBytes(bytes);
    }

    private static long BatchBytes(ShardBatch batch) =>
        AppendBuffer.PartHeaderBytes + sizeof(uint) + batch.Head.Length + batch.Body.Length;

    // Whoever waited for the append, to be completed; null when it failed.
    private async ValueTask<AckGroup?> AppendAsync(int count)
    {
        Pack(count);
        var outcome = await _log.AppendAsync(_buffer, _store.Fail);
        if (outcome == AppendOutcome.Fenced)
        {
            _store.Fail("A shard's epoch has moved: another silo owns it now");
        }

        if (outcome != AppendOutcome.Committed) return null;
        if (_store.FeedFailure is { } failure)
        {
            _store.Fail($"Flushing the data failed: {failure}");
            return null;
        }

        AppendCount++;
        var batches = new ShardBatch[count];
        _taken.CopyTo(_takenFrom, batches, 0, count);
        lock (_lock)
        {
            _takenFrom += count;
        }

        foreach (var batch in batches) batch.ReleaseRecord();
        var group = _groups.Rent();
        group.IsCommitted = true;
        group.Pool = _groups;
        lock (_handOver)
        {
            Advance(batches, group.Waiters);
            _store.Materialiser.Add(new(_log.LastAppend, _log.EndPosition, LogFormat.PaddedBytes(_buffer.BodyBytes),
                _buffer.Stamp, batches));
        }

        return group;
    }

    /// <summary>Returns when the materialiser has all that is known to be committed now.</summary>
    public void AwaitHandOver()
    {
        lock (_handOver)
        {
        }
    }

    private void Pack(int count)
    {
        _buffer.Clear();
        var batches = CollectionsMarshal.AsSpan(_taken).Slice(_takenFrom, count);
        var from = 0;
        for (var i = 1; i <= batches.Length; i++)
        {
            if (i < batches.Length && batches[i].Shard == batches[from].Shard) continue;
            _buffer.AddPart(batches[from..i]);
            from = i;
        }
    }

    // Every shard moves on before anyone is told: an answer may rest on several.
    private static void Advance(ReadOnlySpan<ShardBatch> batches, List<CommitWaiter> due)
    {
        for (var i = 0; i < batches.Length; i++)
        {
            var isLast = i + 1 == batches.Length || batches[i + 1].Shard != batches[i].Shard;
            if (isLast) batches[i].Shard.Advance(batches[i].Sequence, due);
        }
    }

    private sealed class AckGroup
    {
        public List<CommitWaiter> Waiters { get; } = [];

        public bool IsCommitted { get; set; }

        public Pool<AckGroup> Pool { get; set; } = null!;

        public void Complete()
        {
            foreach (var waiter in Waiters) waiter.Complete(IsCommitted);
            Waiters.Clear();
            Pool.Return(this);
        }
    }
}

/// <summary>An append that is on stable storage and not yet in the tables.</summary>
internal sealed record CommittedAppend(
    ulong Append, long EndPosition, long Bytes, Stamp Stamp, ReadOnlyMemory<ShardBatch> Batches)
{
    /// <summary>The tables hold it already: only followers need it.</summary>
    public bool IsMaterialised { get; init; }

    /// <summary>When it was committed, in the clock's ticks.</summary>
    public long Time { get; set; }
}
