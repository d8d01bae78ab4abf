using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>The SQL of a kind of row: made once.</summary>
internal sealed class RowStatements
{
    private static readonly RowStatements[] Statements = [.. RowSchema.All.Select(schema => new RowStatements(schema))];
    private readonly RowSchema _schema;
    private readonly string _find;
    private readonly string _scan;
    private readonly string _put;
    private readonly string _delete;
    private readonly int _valuesAt;

    private RowStatements(RowSchema schema)
    {
        _schema = schema;
        var keys = new List<string> { "shard" };
        if (schema.OwnerColumn is { } owner) keys.Add(owner);
        if (schema.ItemColumn is { } item) keys.Add(item);
        _valuesAt = keys.Count + 1;
        var columns = string.Join(", ", keys.Append("from_stamp").Concat(schema.ValueColumns));
        var marks = string.Join(", ", Enumerable.Repeat("?", _valuesAt + schema.ValueColumns.Length));
        var where = string.Join(" AND ", keys.Select(key => $"{key} = ?"));
        _find = $"SELECT {columns} FROM {schema.Table} WHERE {where}";
        _put = $"INSERT OR REPLACE INTO {schema.Table} ({columns}) VALUES ({marks})";
        _delete = $"DELETE FROM {schema.Table} WHERE {where}";
        var above = string.Join(" AND ", keys.Take(keys.Count - 1).Select(key =>
            $"{key} = ?").Append($"{keys[^1]} > ?"));
        _scan = $"SELECT {columns} FROM {schema.Table} WHERE {above} ORDER BY {keys[^1]} LIMIT ?";
        All = $"SELECT {columns} FROM {schema.Table} ORDER BY {string.Join(", ", keys)}";
        Forwards = $"SELECT {columns} FROM {schema.Table} WHERE shard = ? ORDER BY {string.Join(", ", keys)}";
        Backwards = $"SELECT {columns} FROM {schema.Table} WHERE shard = ? "
            + $"ORDER BY {string.Join(", ", keys.Select(key => $"{key} DESC"))}";
        var table = string.Join(", ", keys.Select(key => $"{key} INTEGER NOT NULL")
            .Append("from_stamp INTEGER NOT NULL").Append("to_stamp INTEGER")
            .Concat(schema.ValueColumns.Select(column => $"{column} NOT NULL")));
        Create = $"CREATE TABLE IF NOT EXISTS {schema.Table} ({table}, PRIMARY KEY ({string.Join(", ", keys)})) "
            + "WITHOUT ROWID;";
    }

    /// <summary>Columns of the table: keys, two stamps, values.</summary>
    public int ColumnCount => _valuesAt + 1 + _schema.ValueColumns.Length;

    /// <summary>Makes the table.</summary>
    public string Create { get; }

    /// <summary>Reads the whole table in order.</summary>
    public string All { get; }

    /// <summary>Reads a shard's part in order.</summary>
    public string Forwards { get; }

    /// <summary>Reads a shard's part from its end.</summary>
    public string Backwards { get; }

    public static RowStatements Of(RowKind kind) => Statements[(int)kind - 1];

    public Row? Find(SqliteConnection connection, ShardId shard, in RowKey key)
    {
        var statement = connection.Prepare(_find);
        BindKey(statement, shard, key);
        try
        {
            return statement.Step() ? Read(statement) : null;
        }
        finally
        {
            statement.Reset();
        }
    }

    public int Scan(SqliteConnection connection, ShardId shard, long owner, long after, Span<Row> into)
    {
        var statement = connection.Prepare(_scan);
        var limit = BindKey(statement, shard, new(_schema.Kind, owner, after));
        statement.Bind(limit, (long)into.Length);
        try
        {
            var count = 0;
            while (count < into.Length && statement.Step()) into[count++] = Read(statement);
            return count;
        }
        finally
        {
            statement.Reset();
        }
    }

    public void Apply(SqliteConnection connection, in TableChange change)
    {
        var statement = connection.Prepare(change.Row is null ? _delete : _put);
        var next = BindKey(statement, change.Shard, change.Key);
        if (change.Row is { } row)
        {
            statement.Bind(next, row.From.Nanoseconds);
            _schema.Bind(statement, next + 1, row);
        }

        statement.Run();
    }

    public Row Read(SqliteStatement statement)
    {
        var column = 0;
        var shard = new ShardId((ushort)statement.Int64(column++));
        var owner = _schema.OwnerColumn is null ? 0 : statement.Int64(column++);
        var item = _schema.ItemColumn is null ? 0 : statement.Int64(column++);
        try
        {
            return _schema.Read(statement, new(shard, owner, item, new(statement.Int64(column))), _valuesAt);
        }
        catch (RecordFormatException fault)
        {
            throw new FsException(FsError.EIO,
                $"The row {_schema.Kind} {owner}/{item} of shard {shard} holds {fault.Message}", fault);
        }
    }

    private int BindKey(SqliteStatement statement, ShardId shard, in RowKey key)
    {
        var next = 1;
        statement.Bind(next++, (long)shard.Value);
        if (_schema.OwnerColumn is not null) statement.Bind(next++, key.Owner);
        if (_schema.ItemColumn is not null) statement.Bind(next++, key.Item);
        return next;
    }
}
