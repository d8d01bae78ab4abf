using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// What one operation changes in one shard: rows put and deleted, counters, references, the answer. Filled and
/// submitted within one turn, by one thread; after Submit it belongs to the store. Pooled. What is put is written in
/// the log's form at once, by the thread that asks: the committer only copies.
/// </summary>
public sealed class ShardBatch
{
    private readonly List<RowChange> _changes = [];
    private readonly List<ReferenceDelta> _references = [];
    private BatchRecord? _record;

    internal ShardBatch()
    {
    }

    /// <summary>When this happens: what the rows it puts are marked with, and what their times become.</summary>
    public Stamp Stamp { get; internal set; }

    public OperationKind Kind { get; private set; }

    public OperationContext Context { get; private set; }

    public ShardId ShardId => Shard.Id;

    internal Shard Shard { get; private set; } = null!;

    internal ulong Sequence { get; set; }

    /// <summary>Encoded and ready for the log, changes excluded.</summary>
    internal RecordWriter Head => Record.Head;

    internal RecordWriter Body => Record.Body;

    internal IReadOnlyList<RowChange> Changes => _changes;

    internal List<ReferenceDelta> References => _references;

    internal AnswerRow? Answer { get; private set; }

    /// <summary>The next batch belongs to the same joint commit: both go into one append.</summary>
    internal bool IsJoinedToNext { get; set; }

    /// <summary>Puts a row in place of the one with its key. Extents change through <see cref="Splice"/>.</summary>
    public void Put(Row row)
    {
        Invariant.That(row is not (ExtentRow or AnswerRow or CounterRow));
        Log(ChangeKind.Put);
        RowCodec.Write(Body, row);
        Add(row.Key, row);
    }

    public void DeleteInode(InodeId id) => Delete(RowKey.Inode(id));

    public void DeleteDentry(DentryRow row) => Delete(row.Key);

    public void DeleteInline(InodeId id) => Delete(RowKey.Inline(id));

    public void DeleteXattr(XattrRow row) => Delete(row.Key);

    public void DeleteOrphan(InodeId id) => Delete(RowKey.Orphan(id));

    public void DeleteSession(SessionId id) => Delete(RowKey.Session(id));

    public void DeleteSessionShard(SessionId id) => Delete(RowKey.SessionShard(id));

    public void DeleteQuota(CounterKey counter) => Delete(RowKey.Quota(counter));

    /// <summary>Deletes a whole extent and ends its references.</summary>
    public void DeleteExtent(ExtentRow row)
    {
        ExtentMap.AddReferences(row.Pieces.AsSpan(), default, _references);
        Delete(row.Key);
    }

    /// <summary>
    /// Replaces ranges of an extent; the log gets the updates alone, and references follow. The row after it; null when
    /// nothing is left of it (it is deleted then). <paramref name="before"/> is what FindExtent gave.
    /// </summary>
    public ExtentRow? Splice(ExtentRow? before, InodeId inode, uint index, ReadOnlySpan<ExtentPiece> updates)
    {
        var old = before?.Pieces ?? [];
        var pieces = ExtentMap.Splice(old, updates);
        ExtentMap.AddReferences(old.AsSpan(), pieces.AsSpan(), _references);
        Log(ChangeKind.Splice);
        Body.Varint(inode.Value);
        Body.Varint(index);
        RowCodec.WritePieces(Body, updates);
        var after = pieces.Length == 0 ? null : new ExtentRow(inode, index, pieces, Stamp);
        Add(RowKey.Extent(inode, index), after);
        return after;
    }

    /// <summary>Adds to this shard's part of a user's or group's counter.</summary>
    public void AddCounter(CounterKey counter, long bytes, long inodes)
    {
        Invariant.That(counter.Kind != CounterKind.Total);
        if (bytes == 0 && inodes == 0) return;
        Log(ChangeKind.Count);
        Body.Signed(counter.Value);
        Body.Signed(bytes);
        Body.Signed(inodes);
        _changes.Add(new(RowKey.Counter(counter), null, bytes, inodes));
    }

    /// <summary>The answer of the operation: what a retry with the same id gets.</summary>
    public void SetAnswer<T>(in FsResult<T> answer)
    {
        Invariant.That(AnswerCodec.Knows<T>() && !answer.IsError);
        if (Context.Id.Number == 0) return;
        Answer = new AnswerRow<T>(Context.Id.Session, Context.Id.Number, answer, Stamp);
    }

    internal void Begin(Shard shard, in OperationContext context, OperationKind kind, Stamp stamp)
    {
        Shard = shard;
        Context = context;
        Kind = kind;
        Stamp = stamp;
    }

    internal void SetStored(AnswerRow? answer) => Answer = answer;

    /// <summary>A change that the store itself adds under the shard's lock, or replay after reading it.</summary>
    internal void AddStoreRow(Row row)
    {
        Log(ChangeKind.Put);
        RowCodec.Write(Body, row);
        Add(row.Key, row);
    }

    internal void Replace(int index, RowChange change) => _changes[index] = change;

    /// <summary>What this batch has already made of a row.</summary>
    internal bool FindChange(in RowKey key, out Row? row)
    {
        for (var i = _changes.Count - 1; i >= 0; i--)
        {
            if (_changes[i].Key != key) continue;
            row = _changes[i].Row;
            return true;
        }

        row = null;
        return false;
    }

    internal void AddChange(in RowChange change) => _changes.Add(change);

    internal void Seal()
    {
        var head = Head;
        head.Byte((byte)Kind);
        head.Byte(OperationRecord.Version);
        head.UInt64((ulong)Stamp.Nanoseconds);
        head.UInt64(Context.Id.Session.Value);
        head.Varint(Context.Id.Number);
        head.Varint(Context.AcknowledgedBelow);
        head.Varint(Context.Caller.Uid);
        head.Varint(Context.Caller.Gid);
        OperationRecord.WriteAnswer(head, Answer);
        OperationRecord.WriteReferences(head, _references);
    }

    /// <summary>The log has it: from here on only the changes are needed.</summary>
    internal void ReleaseRecord()
    {
        if (_record is { } record) Shard.Store.ReturnRecord(record);
        _record = null;
    }

    internal void Clear()
    {
        _changes.Clear();
        _references.Clear();
        ReleaseRecord();
        Answer = null;
        IsJoinedToNext = false;
        Shard = null!;
        Sequence = 0;
    }

    private BatchRecord Record => _record ??= Shard.Store.RentRecord();

    private void Delete(in RowKey key)
    {
        Log(ChangeKind.Delete);
        Body.Byte((byte)key.Kind);
        Body.Signed(key.Owner);
        Body.Signed(key.Item);
        Add(key, null);
    }

    private void Add(in RowKey key, Row? row) => _changes.Add(new(key, row, 0, 0));

    private void Log(ChangeKind kind) => Body.Byte((byte)kind);
}

/// <summary>
/// What the log gets of a batch. Pooled by itself: the log needs it for less time than the tables need the batch.
/// </summary>
internal sealed class BatchRecord
{
    public RecordWriter Head { get; } = new();

    public RecordWriter Body { get; } = new();
}

/// <summary>
/// A row put (or deleted, when null), or what is added to a counter: its row is known when it is applied.
/// </summary>
internal readonly record struct RowChange(RowKey Key, Row? Row, long Bytes, long Inodes);

/// <summary>How a record of the log changes a row. The numbers are in the log: never reused.</summary>
internal enum ChangeKind : byte
{
    None = 0,
    Put = 1,
    Delete = 2,
    Splice = 3,
    Count = 4,
}
