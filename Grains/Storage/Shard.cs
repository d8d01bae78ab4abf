using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Leases;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// One metadata shard that this silo owns: the only way to its rows. Reads look in the shard table first and in the
/// tables second; changes are applied to the shard table and given to the log in one call. Thread-safe.
/// Invariants: sequences are dense and enter the committer's queue in their order; a row is pending while its sequence
/// is above the committed one. Lock order: shards by number, then the committer's queue. Nothing awaits, and tables are
/// read, under the lock only in rare cases that say so.
/// </summary>
public sealed partial class Shard
{
    private readonly Lock _lock = new();
    private readonly ShardTable _table;
    private readonly IRowTable _rows;
    private readonly List<CommitWaiter> _waiters = [];
    private ulong _sequence;
    private ulong _committed;

    // Grows whenever rows leave the shard table's dirty part: what was read from the tables before may be older.
    private ulong _releases;
    private ulong _nextInode;
    private ulong _inodeCeiling;
    private bool _hasCollisions;
    private bool _isShardRowStale;

    internal Shard(ShardId id, Epoch epoch, MetadataStore store, CleanBudget budget)
    {
        Id = id;
        Epoch = epoch;
        Store = store;
        _rows = store.Rows;
        _table = new(budget);
        Leases = new(Intents, epoch);
        _sequence = _committed = _rows.FindSequence(id);
        if (_rows.Find(id, RowKey.Shard) is ShardRow row) Adopt(row);
        else _inodeCeiling = _nextInode = FirstInodeCounter;
    }

    /// <summary>Counters below are not given out: 0 is no inode, 1 of shard 0 is the root.</summary>
    public const ulong FirstInodeCounter = 16;

    public ShardId Id { get; }

    /// <summary>Under which this silo owns the shard: what grants and appends name.</summary>
    public Epoch Epoch { get; }

    /// <summary>Who may change which inode next; memory only.</summary>
    public IntentTable Intents { get; } = new();

    /// <summary>Leases granted in this shard; memory only.</summary>
    public LeaseTable Leases { get; }

    internal MetadataStore Store { get; }

    /// <summary>The highest sequence that is committed.</summary>
    public ulong CommittedSequence => Volatile.Read(ref _committed);

    /// <summary>Inodes that live in this shard, by its counters.</summary>
    public long InodeCount => Store.Counters.InodesOf(Id);

    /// <summary>Whether changes are refused, and why.</summary>
    public bool IsReadOnly(out string reason) => Store.IsReadOnly(out reason);

    /// <summary>As <see cref="MetadataStore.Refusal"/>: to be asked before anything of an operation is done.</summary>
    internal FsError Refusal(OperationKind kind) => Store.Refusal(kind);

    /// <summary>
    /// A new inode number, never given out before or again. Promised in the log by the next batch that is submitted, so
    /// it is used in a batch of this shard or joined with one.
    /// </summary>
    public InodeId NextInode()
    {
        lock (_lock)
        {
            return InodeId.Of(Id, _nextInode++);
        }
    }

    /// <summary>Starts a batch for one operation in this turn.</summary>
    public ShardBatch Begin(in OperationContext op, OperationKind kind)
    {
        var batch = Store.RentBatch();
        batch.Begin(this, op, kind, Store.Clock.Next(op.Seen));
        return batch;
    }

    /// <summary>Gives back a batch that will not be submitted.</summary>
    public void Abandon(ShardBatch batch) => Store.ReturnBatch(batch);

    /// <summary>
    /// Applies a batch to the shard table and queues it for the log; later reads see it. Never waits. A read-only store
    /// refuses (see <see cref="Commit.IsRefused"/>). The batch is the store's from here on.
    /// </summary>
    public Commit Submit(ShardBatch batch)
    {
        Invariant.That(batch.Shard == this);
        batch.Seal();
        Store.CheckSize(batch);
        var ack = batch.Context.Ack;
        ulong sequence;
        lock (_lock)
        {
            if (Store.IsReadOnly(out _)) return default;
            Apply(batch);
            sequence = batch.Sequence;
            if (RestsOnOthers) ack = AckMode.Commit;
            Store.Enqueue(batch);
        }

        Store.Kick(ack);
        return new(this, sequence, ack);
    }

    /// <summary>
    /// Whether this operation has been decided before: then <paramref name="earlier"/> is its answer, once committed.
    /// To be asked at the start of an operation, and again after every await that comes before Submit; what is decided
    /// in the same turn is told to <see cref="DecidedAsync"/>. Errors in the answer: the first attempt's, EINVAL
    /// (already acknowledged, or another kind of operation had this id), EAGAIN (too far above what is acknowledged),
    /// EIO (the store failed before it was committed: done or not, unlike EROFS, which says that nothing was).
    /// </summary>
    public bool TryAnswered<T>(in OperationContext op, out ValueTask<FsResult<T>> earlier)
    {
        earlier = default;
        if (op.Id.Number == 0) return false;
        bool isKept, isEarly;
        lock (_lock)
        {
            isEarly = op.Ack == AckMode.Applied && !RestsOnOthers;
            var window = WindowOf(op.Id.Session);
            window.Acknowledge(op.AcknowledgedBelow);
            if (TryAnswerPlain(window, op.Id.Number, out earlier)) return true;
            isKept = window.IsKept(op.Id.Number);
        }

        var version = default(ReadVersion);
        if (!isKept) return false;
        if (FindAnswer(op, ref version) is not { } row)
        {
            if (!Store.IsReadOnly(out _)) return false;
            earlier = new(FsError.EIO);   // it was on its way when the store failed: nobody knows whether it arrived
            return true;
        }

        var answer = row.TryGet<T>(out var same) ? same : FsError.EINVAL;
        earlier = isEarly ? new(answer) : WhenAsync(version.Sequence, answer);
        return true;
    }

    /// <summary>
    /// What was decided in this turn: an answer that changed nothing is from here on every attempt's, until the client
    /// has acknowledged it. Returns the answer.
    /// </summary>
    public ValueTask<FsResult<T>> DecidedAsync<T>(in OperationContext op, ValueTask<FsResult<T>> answer)
    {
        if (op.Id.Number == 0) return answer;
        lock (_lock)
        {
            if (WindowOf(op.Id.Session).IsKept(op.Id.Number)) return answer;
        }

        var plain = answer.AsTask();
        lock (_lock) WindowOf(op.Id.Session).Answer(op.Id.Number, plain);
        return new(plain);
    }

    /// <summary>
    /// An answer that changes nothing leaves when what it rests on is committed; what only <paramref name="session"/>
    /// itself has pending is not waited for. Errors: EIO when it never will be.
    /// </summary>
    public ValueTask<FsResult<T>> ReplyAsync<T>(in FsResult<T> result, in ReadVersion rests, SessionId session) =>
        rests.IsOwn(session) ? new(result) : WhenAsync(rests.Sequence, result);

    /// <summary>Completes when everything applied to this shard so far is committed. Errors: EIO.</summary>
    public ValueTask<FsResult<Nothing>> SyncAsync()
    {
        ulong sequence;
        lock (_lock)
        {
            sequence = _sequence;
        }

        return WhenAsync<Nothing>(sequence, Nothing.Value);
    }

    internal ValueTask<FsResult<T>> WhenAsync<T>(ulong sequence, in FsResult<T> answer)
    {
        if (sequence <= CommittedSequence) return new(answer);
        ValueTask<FsResult<T>> task;
        lock (_lock)
        {
            if (sequence <= _committed) return new(answer);
            if (Store.IsReadOnly(out _)) return new(FsError.EIO);
            var waiter = CommitWaiter<T>.Rent(sequence, answer);
            _waiters.Add(waiter);
            task = waiter.Task;
        }

        // It may have been left to come along with another.
        Store.Kick();
        return task;
    }

    private static bool TryAnswerPlain<T>(SessionWindow window, ulong number, out ValueTask<FsResult<T>> answer)
    {
        answer = default;
        if (number < window.AcknowledgedBelow) answer = new(FsError.EINVAL);
        else if (number - window.AcknowledgedBelow > StoreLimits.SessionWindowMax) answer = new(FsError.EAGAIN);
        else if (window.FindPlain(number) is { } plain)
            answer = plain is Task<FsResult<T>> same ? new(same) : new(FsError.EINVAL);
        else return false;
        return true;
    }
}
