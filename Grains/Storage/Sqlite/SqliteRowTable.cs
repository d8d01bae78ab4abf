using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>
/// Tables in a SQLite file (WAL, synchronous=NORMAL): a transaction is durable after the next finished checkpoint of
/// the WAL. One connection writes, a pool of others reads.
/// </summary>
public sealed class SqliteRowTable : IRowTable
{
    private const string WriterSetup = "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; "
        + "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768;";

    private const string ReaderSetup = "PRAGMA query_only = 1; PRAGMA cache_size = -4096;";

    private readonly Lock _poolLock = new();
    private readonly Stack<SqliteConnection> _readers = new();
    private readonly SqliteConnection _writer;
    private bool _isDisposed;

    private SqliteRowTable(SqliteConnection writer)
    {
        _writer = writer;
        Checkpoint = ReadCheckpoint();
    }

    /// <inheritdoc />
    public string Name => _writer.Path;

    /// <inheritdoc />
    public TableCheckpoint Checkpoint { get; private set; }

    /// <summary>
    /// Opens the file, or makes it. Errors, as <see cref="FsException"/>: EPROTO (not ours, or of another version),
    /// EIO, ENOSPC.
    /// </summary>
    public static SqliteRowTable Open(string path)
    {
        var writer = SqliteConnection.Open(path, isReadOnly: false);
        try
        {
            writer.Execute(WriterSetup);
            SqliteSchema.Prepare(writer);
            return new(writer);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public Row? Find(ShardId shard, RowKey key)
    {
        var reader = RentReader();
        try
        {
            return RowStatements.Of(key.Kind).Find(reader, shard, key);
        }
        finally
        {
            ReturnReader(reader);
        }
    }

    /// <inheritdoc />
    public int Scan(ShardId shard, RowKind kind, long owner, long after, Span<Row> into)
    {
        var reader = RentReader();
        try
        {
            return RowStatements.Of(kind).Scan(reader, shard, owner, after, into);
        }
        finally
        {
            ReturnReader(reader);
        }
    }

    /// <inheritdoc />
    public IEnumerable<KeyValuePair<ShardId, Row>> ReadAll(RowKind kind)
    {
        var reader = RentReader();
        try
        {
            var statements = RowStatements.Of(kind);
            using var statement = reader.PrepareOwn(statements.All);
            while (statement.Step())
            {
                yield return KeyValuePair.Create(new ShardId((ushort)statement.Int64(0)), statements.Read(statement));
            }
        }
        finally
        {
            ReturnReader(reader);
        }
    }

    /// <inheritdoc />
    public IEnumerable<Row> ReadShard(RowKind kind, ShardId shard, bool isDescending)
    {
        var reader = RentReader();
        try
        {
            var statements = RowStatements.Of(kind);
            using var statement = reader.PrepareOwn(isDescending ? statements.Backwards : statements.Forwards);
            statement.Bind(1, (long)shard.Value);
            while (statement.Step()) yield return statements.Read(statement);
        }
        finally
        {
            ReturnReader(reader);
        }
    }

    /// <inheritdoc />
    public ulong FindSequence(ShardId shard)
    {
        var reader = RentReader();
        try
        {
            var statement = reader.Prepare("SELECT sequence FROM sequence WHERE shard = ?").Bind(1, (long)shard.Value);
            var sequence = statement.Step() ? statement.UInt64(0) : 0;
            statement.Reset();
            return sequence;
        }
        finally
        {
            ReturnReader(reader);
        }
    }

    /// <inheritdoc />
    public IReadOnlyCollection<KeyValuePair<ShardId, ulong>> ReadSequences()
    {
        var reader = RentReader();
        try
        {
            var all = new List<KeyValuePair<ShardId, ulong>>();
            var statement = reader.Prepare("SELECT shard, sequence FROM sequence ORDER BY shard");
            while (statement.Step()) all.Add(new(new((ushort)statement.Int64(0)), statement.UInt64(1)));
            statement.Reset();
            return all;
        }
        finally
        {
            ReturnReader(reader);
        }
    }

    /// <inheritdoc />
    public byte[]? FindSetting(string name)
    {
        var reader = RentReader();
        try
        {
            var statement = reader.Prepare("SELECT value FROM setting WHERE name = ?").BindText(1, name);
            var value = statement.Step() ? statement.Blob(0).ToArray() : null;
            statement.Reset();
            return value;
        }
        finally
        {
            ReturnReader(reader);
        }
    }

    /// <inheritdoc />
    public void SetSetting(string name, ReadOnlySpan<byte> value)
    {
        _writer.Prepare("INSERT OR REPLACE INTO setting VALUES (?, ?)").BindText(1, name).Bind(2, value).Run();
        _writer.Checkpoint();
    }

    /// <inheritdoc />
    public void Apply(TableChanges changes)
    {
        // In the order of the tables: neighbours share pages.
        var rows = changes.Rows.ToArray();
        Array.Sort(rows, static (left, right) => Order(left, right));
        _writer.Execute("BEGIN IMMEDIATE");
        try
        {
            foreach (ref readonly var change in rows.AsSpan()) RowStatements.Of(change.Key.Kind).Apply(_writer, change);
            var sequences = _writer.Prepare("INSERT OR REPLACE INTO sequence VALUES (?, ?)");
            foreach (var (shard, sequence) in changes.Sequences) sequences.Bind(1, (long)shard.Value).Bind(2,
                sequence).Run();
            var (append, position, tailAppend, tailPosition, stamp) = changes.Checkpoint;
            _writer.Prepare("INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?, ?, ?)").Bind(1, append)
                .Bind(2, position).Bind(3, tailAppend).Bind(4, tailPosition).Bind(5, stamp.Nanoseconds).Run();
            _writer.Execute("COMMIT");
        }
        catch (FsException)
        {
            // Some errors end the transaction by themselves; the one that matters is on its way up.
            _writer.Prepare("ROLLBACK").TryRun();
            throw;
        }

        Checkpoint = changes.Checkpoint;
    }

    /// <inheritdoc />
    public void MakeDurable() => _writer.Checkpoint();

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        lock (_poolLock)
        {
            if (_isDisposed) return ValueTask.CompletedTask;
            _isDisposed = true;
            while (_readers.TryPop(out var reader)) reader.Dispose();
        }

        _writer.Dispose();
        return ValueTask.CompletedTask;
    }

    private static int Order(in TableChange left, in TableChange right)
    {
        // As numbers: an enumeration compares itself in a box.
        var order = ((byte)left.Key.Kind).CompareTo((byte)right.Key.Kind);
        if (order == 0) order = left.Shard.CompareTo(right.Shard);
        if (order == 0) order = left.Key.Owner.CompareTo(right.Key.Owner);
        return order == 0 ? left.Key.Item.CompareTo(right.Key.Item) : order;
    }

    private TableCheckpoint ReadCheckpoint()
    {
        var statement = _writer.Prepare("SELECT append, position, tail_append, tail_position, stamp FROM checkpoint");
        var checkpoint = statement.Step()
            ? new TableCheckpoint(statement.UInt64(0), statement.Int64(1), statement.UInt64(2), statement.Int64(3),
                new(statement.Int64(4)))
            : throw new FsException(FsError.EIO, $"{Name}: the checkpoint is missing");
        statement.Reset();
        return checkpoint;
    }

    private SqliteConnection RentReader()
    {
        lock (_poolLock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_readers.TryPop(out var reader)) return reader;
        }

        var added = SqliteConnection.Open(_writer.Path, isReadOnly: false);
        added.Execute(ReaderSetup);
        return added;
    }

    private void ReturnReader(SqliteConnection reader)
    {
        lock (_poolLock)
        {
            if (!_isDisposed && _readers.Count < StoreLimits.TableReadersMax)
            {
                _readers.Push(reader);
                return;
            }
        }

        reader.Dispose();
    }
}
