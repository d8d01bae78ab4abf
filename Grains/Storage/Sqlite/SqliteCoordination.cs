using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>
/// Epochs of the embedded mode, in the file of the tables: one number for all shards, raised at each start, and one for
/// each shard that was raised alone. A raise is durable when it returns. Thread-safe.
/// </summary>
public sealed class SqliteCoordination : ICoordination, IDisposable
{
    // The row of the epoch that all shards have at least.
    private const long AllShards = -1;

    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;
    private readonly ulong[] _epochs = new ulong[ShardId.Count];

    private SqliteCoordination(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens the epochs of a file that <see cref="SqliteRowTable.Open"/> has prepared.</summary>
    public static SqliteCoordination Open(string path)
    {
        var connection = SqliteConnection.Open(path, isReadOnly: false);
        connection.Execute("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
        return new(connection);
    }

    /// <inheritdoc />
    public ValueTask RaiseAllAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            var highest = (ulong)(_connection.Number("SELECT max(epoch) FROM epoch") ?? 0);
            _connection.Execute("BEGIN IMMEDIATE");
            _connection.Execute("DELETE FROM epoch WHERE shard >= 0");
            Store(AllShards, highest + 1);
            _connection.Execute("COMMIT");
            Array.Fill(_epochs, highest + 1);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc />
    public ValueTask<Epoch> RaiseAsync(ShardId shard, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            Store(shard.Value, _epochs[shard.Value] + 1);
            return new(new Epoch(++_epochs[shard.Value]));
        }
    }

    /// <inheritdoc />
    public Epoch EpochOf(ShardId shard) => new(Volatile.Read(ref _epochs[shard.Value]));

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();

    private void Store(long shard, ulong epoch) =>
        _connection.Prepare("INSERT OR REPLACE INTO epoch VALUES (?, ?)").Bind(1, shard).Bind(2, epoch).Run();
}
