using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

// The shard as the store sees it: batches applied, committed, failed, released.
public sealed partial class Shard
{
    private readonly Dictionary<SessionId, SessionWindow> _windows = [];

    // Who submitted last, until where, and until where somebody else did before.
    private SessionId _writer;
    private ulong _writerSequence;
    private ulong _othersSequence;

    internal Lock Lock => _lock;

    internal ulong LastSequence
    {
        get
        {
            lock (_lock)
            {
                return _sequence;
            }
        }
    }

    internal int DirtyCount
    {
        get
        {
            lock (_lock)
            {
                return _table.DirtyCount;
            }
        }
    }

    /// <summary>
    /// What was submitted last may rest on what another session has pending: its answer waits for the commit, whatever
    /// its mode. What nobody's session submits changes nothing that an answer tells. Precondition: the lock is held.
    /// </summary>
    internal bool RestsOnOthers => _othersSequence > _committed;

    /// <summary>Gives the batch its sequence and applies it. Precondition: the lock is held.</summary>
    internal void Apply(ShardBatch batch)
    {
        var op = batch.Context.Id;
        Invariant.That(op.Number == 0 || batch.Answer is null || !WindowOf(op.Session).IsKept(op.Number));
        batch.Sequence = ++_sequence;
        NoteWriter(op.Session);
        if (_nextInode > _inodeCeiling || _isShardRowStale) PromiseInodes(batch);
        ApplyChanges(batch);
    }

    /// <summary>Applies a batch read back from the log: committed already.</summary>
    internal void Replay(ShardBatch batch)
    {
        lock (_lock)
        {
            _sequence = batch.Sequence;
            Volatile.Write(ref _committed, _sequence);
            ApplyChanges(batch);
            foreach (var change in batch.Changes)
            {
                if (change.Row is ShardRow row) Adopt(row);
            }
        }
    }

    /// <summary>
    /// All batches up to a sequence are committed: whoever waits for one of them is added to <paramref name="due"/>.
    /// </summary>
    internal void Advance(ulong committed, List<CommitWaiter> due)
    {
        lock (_lock)
        {
            if (committed <= _committed) return;
            Volatile.Write(ref _committed, committed);
            TakeWaiters(committed, due);
        }
    }

    /// <summary>Nothing that is pending will be committed: takes it back, and hands over everyone who waits.</summary>
    internal void Fail(List<CommitWaiter> due)
    {
        lock (_lock)
        {
            _table.Discard(_committed);
            TakeWaiters(ulong.MaxValue, due);
        }
    }

    /// <summary>The tables durably hold these keys up to a sequence.</summary>
    internal void Release(IEnumerable<RowKey> keys, ulong durable)
    {
        // A part at a time: readers wait for this lock.
        foreach (var part in keys.Chunk(StoreLimits.ReleasedRows))
        {
            lock (_lock)
            {
                _releases++;
                foreach (var key in part) _table.Release(key, durable);
            }
        }
    }

    private void NoteWriter(SessionId session)
    {
        if (session == SessionId.None) return;
        if (session != _writer) (_writer, _othersSequence) = (session, _writerSequence);
        _writerSequence = _sequence;
    }

    private void ApplyChanges(ShardBatch batch)
    {
        // Who waits for the commit is not shown its change before either, on another thread: after a crash others see
        // the state of before, until the change is sent again.
        var isEarly = batch.Context.Ack == AckMode.Applied && !RestsOnOthers;
        var writer = isEarly ? batch.Context.Id.Session : SessionId.None;
        var count = batch.Changes.Count;
        for (var i = 0; i < count; i++)
        {
            var change = batch.Changes[i];
            if (change.Key.Kind == RowKind.Counter && change.Row is null)
            {
                change = change with { Row = Count(change, batch.Stamp) };
                batch.Replace(i, change);
            }

            _table.Put(change.Key, change.Row, batch.Sequence, writer, _committed);
            if (change is { Key.Kind: RowKind.SessionShard, Row: null })
            {
                var session = new SessionId((ulong)change.Key.Item);
                DropAnswers(batch, WindowOf(session), session, ulong.MaxValue);
                _windows.Remove(session);
            }
        }

        KeepAnswer(batch, batch.Context.Id.Session);
    }

    private void KeepAnswer(ShardBatch batch, SessionId session)
    {
        if (batch.Context.Id.Number == 0) return;
        var window = WindowOf(session);
        window.Acknowledge(batch.Context.AcknowledgedBelow);
        DropAnswers(batch, window, session, batch.Context.AcknowledgedBelow);
        if (batch.Answer is not { } answer) return;
        window.Keep(answer.Number);
        AddDerived(batch, answer.Key, answer);
    }

    // Answers leave with the first batch whose client has acknowledged them; replay derives the same.
    private void DropAnswers(ShardBatch batch, SessionWindow window, SessionId session, ulong below)
    {
        while (window.TryDrop(below, out var number)) AddDerived(batch, RowKey.Answer(session, number), null);
    }

    // What is known of a session's operations. Precondition: the lock is held; reads the tables once a session.
    private SessionWindow WindowOf(SessionId session)
    {
        ref var window = ref CollectionsMarshal.GetValueRefOrAddDefault(_windows, session, out _);
        if (window is not null) return window;

        window = new();
        var rows = new AnswerRow[StoreLimits.ScanRows];
        var after = -1L;
        int count;
        do
        {
            var version = default(ReadVersion);
            count = ReadRange(RowKind.Answer, (long)session.Value, after, rows.AsSpan(), ref version);
            for (var i = 0; i < count; i++) window.Keep(rows[i].Number);
            if (count > 0) after = rows[count - 1].Key.Item;
        }
        while (count == rows.Length);
        return window;
    }

    private void AddDerived(ShardBatch batch, in RowKey key, Row? row)
    {
        batch.AddChange(new(key, row, 0, 0));
        _table.Put(key, row, batch.Sequence, batch.Context.Id.Session, _committed);
    }

    private CounterRow Count(in RowChange change, Stamp stamp)
    {
        var counter = CounterKey.Of(change.Key.Item);
        var before = (CounterRow?)FindLocked(change.Key);
        Store.Counters.Add(Id, counter, change.Bytes, change.Inodes);
        return new(counter, (before?.Bytes ?? 0) + change.Bytes, (before?.Inodes ?? 0) + change.Inodes, stamp);
    }

    private void Adopt(ShardRow row)
    {
        _inodeCeiling = row.InodeCeiling;
        _nextInode = row.InodeCeiling;
        _hasCollisions |= row.HasCollisions;
    }

    private void PromiseInodes(ShardBatch batch)
    {
        var ceiling = _nextInode > _inodeCeiling ? _nextInode + StoreLimits.InodeRangeCount : _inodeCeiling;
        _isShardRowStale = false;
        _inodeCeiling = ceiling;
        batch.AddStoreRow(new ShardRow(Id, ceiling, _hasCollisions, batch.Stamp));
    }

    private void TakeWaiters(ulong committed, List<CommitWaiter> due)
    {
        var kept = 0;
        for (var i = 0; i < _waiters.Count; i++)
        {
            if (_waiters[i].Sequence <= committed) due.Add(_waiters[i]);
            else _waiters[kept++] = _waiters[i];
        }

        _waiters.RemoveRange(kept, _waiters.Count - kept);
    }
}
