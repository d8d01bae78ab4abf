using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>How far the tables reach, and where the log begins that they need.</summary>
/// <param name="Append">Last append whose rows the tables hold; 0 for none.</param>
/// <param name="Position">Position in the log after that append.</param>
/// <param name="TailAppend">First append that the log must still hold: for the tables or for another follower.</param>
/// <param name="TailPosition">Its position.</param>
/// <param name="Stamp">Highest stamp seen.</param>
public readonly record struct TableCheckpoint(
    ulong Append, long Position, ulong TailAppend, long TailPosition, Stamp Stamp)
{
    /// <summary>Of tables that never held anything.</summary>
    public static TableCheckpoint Empty => new(0, 0, 1, 0, Stamp.Zero);
}

/// <summary>A row put, or deleted when <paramref name="Row"/> is null.</summary>
public readonly record struct TableChange(ShardId Shard, RowKey Key, Row? Row);

/// <summary>What one transaction changes: rows, the sequences that shards reach by it, and the checkpoint.</summary>
public sealed record TableChanges(
    IReadOnlyCollection<TableChange> Rows, IReadOnlyCollection<KeyValuePair<ShardId, ulong>> Sequences,
    TableCheckpoint Checkpoint);

/// <summary>
/// The metadata as rows: behind the log and the shard tables. Reads are synchronous and thread-safe and see the last
/// transaction; one thread at a time applies. Faults are <see cref="FsException"/>s (EIO, ENOSPC).
/// </summary>
public interface IRowTable : IAsyncDisposable
{
    /// <summary>Name for messages: the path of the file.</summary>
    string Name { get; }

    /// <summary>How far the tables reach: after opening, what is durable.</summary>
    TableCheckpoint Checkpoint { get; }

    /// <summary>The row with this key, or null.</summary>
    Row? Find(ShardId shard, RowKey key);

    /// <summary>Rows of one kind and owner whose item is above <paramref name="after"/>, in order; how many.</summary>
    int Scan(ShardId shard, RowKind kind, long owner, long after, Span<Row> into);

    /// <summary>
    /// All rows of a kind, in order of shard, owner and item: for checkers and for what is summed at start.
    /// </summary>
    IEnumerable<KeyValuePair<ShardId, Row>> ReadAll(RowKind kind);

    /// <summary>
    /// A shard's rows of a kind, forwards or backwards: for checkers that have to go around what is damaged. Throws
    /// <see cref="FsException"/> (EIO) where it is.
    /// </summary>
    IEnumerable<Row> ReadShard(RowKind kind, ShardId shard, bool isDescending);

    /// <summary>The last sequence of a shard whose rows the tables hold; 0 for none.</summary>
    ulong FindSequence(ShardId shard);

    /// <summary>Sequences of all shards that have one.</summary>
    IReadOnlyCollection<KeyValuePair<ShardId, ulong>> ReadSequences();

    /// <summary>A setting of the file system, or null.</summary>
    byte[]? FindSetting(string name);

    /// <summary>Stores a setting durably.</summary>
    void SetSetting(string name, ReadOnlySpan<byte> value);

    /// <summary>
    /// Applies one transaction; visible to readers when it completes, durable after the next <see cref="MakeDurable"/>.
    /// </summary>
    void Apply(TableChanges changes);

    /// <summary>Everything applied is on stable storage when it returns.</summary>
    void MakeDurable();
}
