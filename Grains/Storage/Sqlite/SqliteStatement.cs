using SQLitePCL;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as in SQLite.</summary>
internal sealed class SqliteStatement(SqliteConnection connection, sqlite3_stmt statement) : IDisposable
{
    public SqliteStatement Bind(int parameter, long value)
    {
        connection.Check(raw.sqlite3_bind_int64(statement, parameter, value), "bind");
        return this;
    }

    public SqliteStatement Bind(int parameter, ulong value) => Bind(parameter, unchecked((long)value));

    public SqliteStatement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        var result = value.Length == 0
            ? raw.sqlite3_bind_zeroblob(statement, parameter, 0)
            : raw.sqlite3_bind_blob(statement, parameter, value);
        connection.Check(result, "bind");
        return this;
    }

    public SqliteStatement BindText(int parameter, string value)
    {
        connection.Check(raw.sqlite3_bind_text(statement, parameter, value), "bind");
        return this;
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(statement);
        if (result == raw.SQLITE_ROW) return true;
        if (result != raw.SQLITE_DONE)
        {
            raw.sqlite3_reset(statement);
            connection.Check(result, "step");
        }

        return false;
    }

    /// <summary>Runs a statement that answers nothing, and resets it.</summary>
    public void Run()
    {
        Step();
        Reset();
    }

    /// <summary>Runs a statement whose failure says nothing new.</summary>
    public void TryRun()
    {
        raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
    }

    /// <summary>Ends what it was doing: gives up its view of the database.</summary>
    public void Reset() => raw.sqlite3_reset(statement);

    public long Int64(int column) => raw.sqlite3_column_int64(statement, column);

    public ulong UInt64(int column) => unchecked((ulong)raw.sqlite3_column_int64(statement, column));

    public uint UInt32(int column) => unchecked((uint)raw.sqlite3_column_int64(statement, column));

    /// <summary>Bytes of a column; valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string() ?? "";

    public void Dispose() => statement.Dispose();
}
