using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;
using SQLitePCL;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>
/// One connection to a database file and the statements prepared on it. One thread at a time. Any error of SQLite is an
/// <see cref="FsException"/>: ENOSPC when the disk is full, else EIO, with the path in the message.
/// </summary>
internal sealed class SqliteConnection : IDisposable
{
    private const int BusyMilliseconds = 10_000;
    private readonly Dictionary<string, SqliteStatement> _statements = [];
    private readonly sqlite3 _database;

    static SqliteConnection()
    {
        Batteries_V2.Init();
        PageChecksumVfs.Register();
    }

    private SqliteConnection(string path, sqlite3 database)
    {
        Path = path;
        _database = database;
    }

    public string Path { get; }

    /// <summary>Opens a file; creates it unless only read.</summary>
    public static SqliteConnection Open(string path, bool isReadOnly)
    {
        var flags = raw.SQLITE_OPEN_NOMUTEX
            | (isReadOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        var result = raw.sqlite3_open_v2(path, out var database, flags, PageChecksumVfs.VfsName);
        var connection = new SqliteConnection(path, database);
        try
        {
            connection.Check(result, "open");
            connection.Check(raw.sqlite3_busy_timeout(database, BusyMilliseconds), "set up");
            if (!isReadOnly) connection.ReserveChecksums();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Whether the pages of the file end with checksums.</summary>
    public bool HasChecksums => PageChecksumVfs.HasChecksums(_database.DangerousGetHandle());

    /// <summary>A database made after this, or copied by VACUUM, has room for checksums in its pages.</summary>
    public void ReserveChecksums() => PageChecksumVfs.Reserve(_database.DangerousGetHandle());

    /// <summary>Runs statements that answer nothing.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_database, sql), sql);

    /// <summary>Runs a query for one number; null when it answers nothing.</summary>
    public long? Number(string sql)
    {
        var statement = Prepare(sql);
        var number = statement.Step() ? statement.Int64(0) : (long?)null;
        statement.Reset();
        return number;
    }

    /// <summary>The statement, prepared once a connection; reset, its parameters unspecified.</summary>
    public SqliteStatement Prepare(string sql)
    {
        if (_statements.TryGetValue(sql, out var known)) return known;
        Check(raw.sqlite3_prepare_v3(_database, sql, raw.SQLITE_PREPARE_PERSISTENT, out var prepared), sql);
        var statement = new SqliteStatement(this, prepared);
        _statements.Add(sql, statement);
        return statement;
    }

    /// <summary>A statement of the caller's own, which disposes it.</summary>
    public SqliteStatement PrepareOwn(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_database, sql, out var prepared), sql);
        return new(this, prepared);
    }

    /// <summary>
    /// Makes everything committed durable: copies it into the database file and flushes that. What a reader keeps from
    /// being copied, because it still looks at what was before, is durable in the write-ahead log, which is flushed
    /// instead: nobody waits for readers, and however long they take they harm nobody.
    /// </summary>
    public void Checkpoint()
    {
        var result = raw.sqlite3_wal_checkpoint_v2(
            _database, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var logFrames, out var copiedFrames);
        if ((result & 0xFF) != raw.SQLITE_BUSY) Check(result, "checkpoint");
        else copiedFrames = -1;
        if (logFrames == copiedFrames) return;
        try
        {
            using var log = File.OpenHandle(
                Path + "-wal", System.IO.FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            RandomAccess.FlushToDisk(log);
        }
        catch (IOException fault)
        {
            throw new FsException(FsError.EIO, $"{Path}-wal: flush: {fault.Message}", fault);
        }
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        _statements.Clear();
        _database.Dispose();
    }

    /// <summary>Throws for anything but success.</summary>
    public void Check(int result, string doing)
    {
        if (result is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE) return;
        var isFull = (result & 0xFF) == raw.SQLITE_FULL || result == raw.SQLITE_IOERR_SHMSIZE;
        var message = PageChecksumVfs.TakeFault() ?? raw.sqlite3_errmsg(_database).utf8_to_string();
        var end = doing.AsSpan().IndexOfAny('(', ';', '\n');   // scripts are longer than a line of a message
        throw new FsException(isFull ? FsError.ENOSPC : FsError.EIO,
            $"{Path}: {(end < 0 ? doing : doing[..end])}: {message} (SQLite {result})");
    }
}
