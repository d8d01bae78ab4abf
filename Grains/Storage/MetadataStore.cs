using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Storage;

/// <summary>Figures of a store.</summary>
/// <param name="Appends">Appends written by this process.</param>
/// <param name="LogUsedBytes">Log that is not recycled yet.</param>
/// <param name="LogBytes">Size of the log.</param>
/// <param name="LagBytes">Log that the tables lack.</param>
/// <param name="DirtyRows">Rows in memory that the tables do not durably hold.</param>
/// <param name="CleanBytes">What the cache of other rows takes.</param>
public readonly record struct StoreStatistics(
    long Appends, long LogUsedBytes, long LogBytes, long LagBytes, long DirtyRows, long CleanBytes);

/// <summary>
/// The metadata of this silo's shards: shard tables in memory, a log that commits, tables that follow. Thread-safe.
/// Invariants: <c>_failure</c> goes from null to the reason once, before any shard is told; from then on nothing is
/// applied, nothing is appended and nobody is told that something was committed.
/// </summary>
public sealed partial class MetadataStore : IAsyncDisposable
{
    private const string Closed = "The store is closed";

    private readonly MetadataSeams _seams;
    private readonly CleanBudget _budget = new(StoreLimits.CleanRowsBytesMax);
    private readonly Pool<ShardBatch> _batches = new(static () => new(), StoreLimits.PooledBatchesMax);
    private readonly Pool<BatchRecord> _records = new(static () => new(), StoreLimits.PooledMax);
    private readonly Committer _committer;
    private readonly ILoop _commitLoop;
    private readonly ILoop _ackLoop;
    private readonly ILoop _materialiseLoop;
    private string? _failure;
    private string? _shortage;
    private int _isDisposed;

    private MetadataStore(MetadataSeams seams, FileSystemIdentity identity, NameHash? hash)
    {
        _seams = seams;
        Identity = identity;
        Clock = new(seams.Time);
        Clock.Observe(seams.Rows.Checkpoint.Stamp);
        Hash = hash ?? NameHash.Of(identity);
        Shards = new(this, _budget);
        _commitLoop = seams.Loops.Start("cfs-commit");
        _ackLoop = seams.Loops.Start("cfs-ack");
        _materialiseLoop = seams.Loops.Start("cfs-tables");
        Materialiser = new(this, seams, _materialiseLoop);
        _committer = new(this, seams.Log, _commitLoop, _ackLoop, seams.Time);
    }

    /// <summary>What makes this file system this one.</summary>
    public FileSystemIdentity Identity { get; }

    /// <summary>The silo's clock: every stamp comes from it.</summary>
    public HybridClock Clock { get; }

    /// <summary>The shards.</summary>
    public ShardMap Shards { get; }

    /// <summary>
    /// The append up to which the tables are durable: after a power cut the log is replayed from there.
    /// </summary>
    public ulong TablesCursor => Materialiser.Checkpoint.Append;

    /// <summary>Present figures.</summary>
    public StoreStatistics Statistics => new(_committer.AppendCount, _seams.Log.UsedBytes, _seams.Log.CapacityBytes,
        Materialiser.LagBytes, Shards.Loaded.Sum(static shard => (long)shard.DirtyCount), _budget.Bytes);

    internal IRowTable Rows => _seams.Rows;

    internal ICoordination Coordination => _seams.Coordination;

    internal ILogger Logger => _seams.Logger;

    internal NameHash Hash { get; }

    internal CounterSums Counters { get; } = new();

    internal Materialiser Materialiser { get; }

    internal string? FeedFailure => _seams.Feed?.Failure;

    internal bool IsQueueLong => _committer.IsQueueLong;

    /// <summary>
    /// Usage by a user, a group or all (<see cref="CounterKey.Total"/>), over all shards, pending changes included.
    /// </summary>
    public Usage GetUsage(CounterKey counter) => Counters.Find(counter);

    /// <summary>Why the store failed, also when it is closed by now; null when it did not.</summary>
    public string? Failure => Volatile.Read(ref _failure) is { } reason && reason != Closed ? reason : null;

    /// <summary>
    /// Raised when the store fails, in line and before anything that is pending is taken back: who was shown that,
    /// because it lives in this process, lets go of it, and does not wait here.
    /// </summary>
    public event Action? Failing;

    /// <summary>
    /// Why the tables cannot be written at present: their disk is full. Null while they can. What is committed is safe
    /// in the log meanwhile.
    /// </summary>
    public string? Shortage => Volatile.Read(ref _shortage);

    /// <summary>Whether changes are refused, and why.</summary>
    public bool IsReadOnly(out string reason)
    {
        reason = Volatile.Read(ref _failure) ?? "";
        return reason.Length > 0;
    }

    /// <summary>
    /// Submits one operation's batches, one a shard, that commit together or not at all; as <see cref="Shard.Submit"/>.
    /// The first batch is the coordinator's: its operation's mode and answer count.
    /// </summary>
    public Commit SubmitJoint(ReadOnlySpan<ShardBatch> batches)
    {
        Invariant.That(batches.Length > 0);
        var coordinator = batches[0];
        var (shard, ack) = (coordinator.Shard, coordinator.Context.Ack);
        var ordered = batches.ToArray();
        Array.Sort(ordered, static (left, right) => left.ShardId.CompareTo(right.ShardId));
        foreach (var batch in ordered)
        {
            batch.Seal();
            CheckSize(batch);
        }

        ulong sequence;
        var locked = 0;
        try
        {
            for (; locked < ordered.Length; locked++)
            {
                Invariant.That(locked == 0 || ordered[locked].Shard != ordered[locked - 1].Shard);
                ordered[locked].Shard.Lock.Enter();
            }

            if (IsReadOnly(out _)) return default;
            for (var i = 0; i < ordered.Length; i++)
            {
                ordered[i].Shard.Apply(ordered[i]);
                ordered[i].IsJoinedToNext = i + 1 < ordered.Length;
                if (ordered[i].Shard.RestsOnOthers) ack = AckMode.Commit;
            }

            sequence = coordinator.Sequence;
            _committer.Enqueue(ordered);
        }
        finally
        {
            while (locked-- > 0) ordered[locked].Shard.Lock.Exit();
        }

        Kick(ack);
        return new(shard, sequence, ack);
    }

    /// <summary>
    /// Completes when everything applied before the call, in all shards, is committed. Errors: EIO, EROFS.
    /// </summary>
    public async ValueTask<FsResult<Nothing>> SyncAsync()
    {
        foreach (var shard in Shards.Loaded)
        {
            var result = await shard.SyncAsync();
            if (result.IsError) return result;
        }

        return Nothing.Value;
    }

    /// <summary>Brings everything committed into the tables, durably. Throws when the store has failed.</summary>
    public Task DrainAsync()
    {
        _committer.AwaitHandOver();
        return Materialiser.DrainAsync();
    }

    /// <summary>Commits and materialises everything, then lets go of log and tables.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        if (!IsReadOnly(out _))
        {
            await SettleAsync();
        }

        Interlocked.CompareExchange(ref _failure, Closed, null);
        await _commitLoop.DisposeAsync();
        await _ackLoop.DisposeAsync();
        Materialiser.Dispose();
        await _materialiseLoop.DisposeAsync();
        _committer.Dispose();
        await _seams.Log.DisposeAsync();
        await _seams.Rows.DisposeAsync();
    }

    // What is committed is in the log: if it cannot go on to the tables and the counts, the next start brings it there.
    private async ValueTask SettleAsync()
    {
        try
        {
            await SyncAsync();
            await DrainAsync();
            if (_seams.Feed is { } feed) await feed.FlushAsync();
        }
        catch (FsException fault)
        {
            StoreLog.LeftToTheNextStart(Logger, fault);
        }
    }

    /// <summary>
    /// Why an operation of this kind is refused now, before anything of it is done: EROFS, or ENOSPC while the tables'
    /// disk is full and the log has taken much. What frees, renames or ends something has room for longer.
    /// </summary>
    internal FsError Refusal(OperationKind kind)
    {
        if (IsReadOnly(out _)) return FsError.EROFS;
        if (Shortage is null) return FsError.None;
        var (lag, used, capacity) = (Materialiser.LagBytes, _seams.Log.UsedBytes, _seams.Log.CapacityBytes);
        var isGrowth = kind is OperationKind.EntryMade or OperationKind.EntryLinked or OperationKind.ContentWritten
            or OperationKind.RangeAllocated or OperationKind.XattrSet or OperationKind.QuotaSet;
        var isFull = isGrowth
            ? lag > Math.Min(StoreLimits.LagBytesMax / 2, capacity / 8) || used > capacity / 8 * 5
            : lag > StoreLimits.LagBytesMax * 2 || used > capacity / 8 * 6;
        return isFull ? FsError.ENOSPC : FsError.None;
    }

    /// <summary>The tables cannot be written for want of space; null: they can again.</summary>
    internal void NoteShortage(string? reason)
    {
        var before = Interlocked.Exchange(ref _shortage, reason);
        if (before is null && reason is not null) StoreLog.DiskFull(Logger, reason);
        else if (before is not null && reason is null) StoreLog.DiskHasRoom(Logger);
    }

    internal ShardBatch RentBatch() => _batches.Rent();

    internal void ReturnBatch(ShardBatch batch)
    {
        batch.Clear();
        _batches.Return(batch);
    }

    internal BatchRecord RentRecord() => _records.Rent();

    internal void ReturnRecord(BatchRecord record)
    {
        record.Head.Clear();
        record.Body.Clear();
        _records.Return(record);
    }

    /// <summary>A batch that no append could ever hold would stop all that come after it.</summary>
    internal void CheckSize(ShardBatch batch) => Invariant.That(
        batch.Head.Length + batch.Body.Length <= Math.Min(StoreLimits.BatchBytesMax, _seams.Log.CapacityBytes / 4));

    internal void Enqueue(ShardBatch batch) => _committer.Enqueue(batch);

    internal void Kick() => _committer.Kick();

    /// <summary>Starts an append soon for what nobody waits for, at once for the rest.</summary>
    internal void Kick(AckMode ack)
    {
        if (ack == AckMode.Applied) _committer.KickSoon();
        else _committer.Kick();
    }

    /// <summary>
    /// Makes the store read-only: what is pending is taken back, and everyone who waits for it hears EIO.
    /// </summary>
    internal void Fail(string reason)
    {
        if (Interlocked.CompareExchange(ref _failure, reason, null) is not null) return;
        StoreLog.ReadOnly(Logger, reason);
        Failing?.Invoke();
        var due = new List<CommitWaiter>();
        foreach (var shard in Shards.Loaded) shard.Fail(due);
        _committer.Acknowledge(due, isCommitted: false);
    }
}
