using System.Globalization;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace ClaudeFs.DataPlane.Storage.Index;

/// <summary>
/// The index as an SQLite file (blocks.db): WAL, and synchronous=FULL because a place is reused as soon as a commit
/// says that nothing lies there.
/// </summary>
public sealed class SqliteSegmentIndex : ISegmentIndex
{
    private const int Version = 2;
    private const int VersionWithoutChecksums = 1;

    private readonly Lock _gate = new();   // commits, and the checkpoint of a scrub beside them
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _remove;
    private readonly SqliteCommand _setState;

    private SqliteSegmentIndex(string path, SqliteConnection connection)
    {
        Name = path;
        _connection = connection;
        _put = Prepare(
            "INSERT INTO segment (id, kind, place, sealed, items) VALUES ($id, $kind, $place, $sealed, $items) " +
            "ON CONFLICT (id) DO UPDATE SET kind = $kind, place = $place, sealed = $sealed, items = $items",
            "$id", "$kind", "$place", "$sealed", "$items");
        _remove = Prepare("DELETE FROM segment WHERE id = $id", "$id");
        _setState = Prepare(
            "INSERT INTO state (id, file_system, device, cursor, stamp) " +
            "VALUES (0, $file_system, $device, $cursor, $stamp) " +
            "ON CONFLICT (id) DO UPDATE " +
            "SET file_system = $file_system, device = $device, cursor = $cursor, stamp = $stamp",
            "$file_system", "$device", "$cursor", "$stamp");
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <summary>
    /// Opens the file, creating it. Throws <see cref="FsException"/>: EINVAL (another version), EIO (not an SQLite
    /// file, damaged).
    /// </summary>
    public static SqliteSegmentIndex Open(string path)
    {
        Batteries_V2.Init();
        PageChecksumVfs.Register();
        var uri = $"file:{Uri.EscapeDataString(Path.GetFullPath(path))}?vfs={PageChecksumVfs.VfsName}";
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = uri, Pooling = false }.ToString());
        try
        {
            connection.Open();
            PageChecksumVfs.Reserve(connection.Handle!.DangerousGetHandle());
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, "PRAGMA synchronous = FULL");
            Migrate(path, connection);
            return new SqliteSegmentIndex(path, connection);
        }
        catch (SqliteException fault)
        {
            connection.Dispose();
            throw Fault(path, fault);
        }
        catch (FsException)
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public SegmentIndexState Load(Action<SegmentRow> onRow)
    {
        ArgumentNullException.ThrowIfNull(onRow);
        try
        {
            LoadRows(onRow);
            return LoadState();
        }
        catch (SqliteException fault)
        {
            throw Fault(Name, fault);
        }
    }

    /// <inheritdoc />
    public void Commit(
        in SegmentIndexState state, IReadOnlyList<SegmentRow> changed, IReadOnlyList<SegmentId> removed)
    {
        lock (_gate) CommitOnce(state, changed, removed);
    }

    /// <summary>
    /// Copies what is committed from the write-ahead log into the file, whose pages a scrub reads. Thread-safe beside
    /// <see cref="Commit"/>. Throws <see cref="FsException"/>: EIO, ENOSPC.
    /// </summary>
    public void Checkpoint()
    {
        try
        {
            lock (_gate) Execute(_connection, "PRAGMA wal_checkpoint(PASSIVE)");
        }
        catch (SqliteException fault)
        {
            throw Fault(Name, fault);
        }
    }

    private void CommitOnce(
        in SegmentIndexState state, IReadOnlyList<SegmentRow> changed, IReadOnlyList<SegmentId> removed)
    {
        try
        {
            Execute(_connection, "BEGIN IMMEDIATE");
            foreach (var id in removed)
            {
                _remove.Parameters[0].Value = (long)id.Value;
                _remove.ExecuteNonQuery();
            }

            foreach (var row in changed) Put(row);
            SetState(state);
            Execute(_connection, "COMMIT");
        }
        catch (SqliteException fault)
        {
            var told = Fault(Name, fault);
            RollBack();
            throw told;
        }
    }

    // A full or failing disk ends some transactions by itself. SqliteTransaction does not know that: it would throw in
    // its disposal, and stay with the connection for ever.
    private void RollBack()
    {
        if (raw.sqlite3_get_autocommit(_connection.Handle) != 0) return;
        raw.sqlite3_exec(_connection.Handle, "ROLLBACK");
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _put.DisposeAsync();
        await _remove.DisposeAsync();
        await _setState.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static void Migrate(string path, SqliteConnection connection)
    {
        using var query = connection.CreateCommand();
        query.CommandText = "PRAGMA user_version";
        var found = Convert.ToInt32(query.ExecuteScalar(), CultureInfo.InvariantCulture);
        if (found == Version)
        {
            if (PageChecksumVfs.HasChecksums(connection.Handle!.DangerousGetHandle())) return;
            throw new FsException(FsError.EIO, $"{path}: the page at offset 0 is damaged (byte 20)");
        }

        if (found == VersionWithoutChecksums)
        {
            // The version comes last: until then all of this is done again.
            Execute(connection, "PRAGMA journal_mode = DELETE");
            PageChecksumVfs.Reserve(connection.Handle!.DangerousGetHandle());
            Execute(connection, "VACUUM");
            Execute(connection, string.Create(
                CultureInfo.InvariantCulture, $"PRAGMA user_version = {Version}; PRAGMA journal_mode = WAL"));
            return;
        }

        if (found != 0)
        {
            throw FormatVersion.Refuse($"{path}: the index of the segments", found, Version);
        }

        using var transaction = connection.BeginTransaction();
        Execute(connection, """
            CREATE TABLE segment (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, place INTEGER NOT NULL,
                sealed INTEGER NOT NULL, items BLOB NOT NULL);
            CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 0), file_system BLOB NOT NULL,
                device INTEGER NOT NULL, cursor INTEGER NOT NULL, stamp INTEGER NOT NULL);
            """);
        Execute(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Version}"));
        transaction.Commit();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static FsException Fault(string path, SqliteException fault) => new(
        fault.SqliteErrorCode == raw.SQLITE_FULL || fault.SqliteExtendedErrorCode == raw.SQLITE_IOERR_SHMSIZE
            ? FsError.ENOSPC : FsError.EIO,
        $"{path}: {PageChecksumVfs.TakeFault() ?? fault.Message}", fault);

    private SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var name in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private void Put(SegmentRow row)
    {
        _put.Parameters[0].Value = (long)row.Id.Value;
        _put.Parameters[1].Value = (int)row.Kind;
        _put.Parameters[2].Value = row.Place;
        _put.Parameters[3].Value = row.IsSealed ? 1 : 0;
        _put.Parameters[4].Value = row.Items;
        _put.ExecuteNonQuery();
    }

    private void SetState(in SegmentIndexState state)
    {
        var fileSystem = new byte[FileSystemId.SizeBytes];
        state.FileSystem.Write(fileSystem);
        _setState.Parameters[0].Value = fileSystem;
        _setState.Parameters[1].Value = (long)state.DeviceId;
        _setState.Parameters[2].Value = (long)state.Cursor;
        _setState.Parameters[3].Value = state.Stamp.Nanoseconds;
        _setState.ExecuteNonQuery();
    }

    private void LoadRows(Action<SegmentRow> onRow)
    {
        using var query = _connection.CreateCommand();
        query.CommandText = "SELECT id, kind, place, sealed, items FROM segment ORDER BY id";
        using var reader = query.ExecuteReader();
        while (reader.Read())
        {
            onRow(new SegmentRow(
                new SegmentId((ulong)reader.GetInt64(0)), (SegmentKind)reader.GetByte(1), reader.GetInt32(2),
                reader.GetInt64(3) != 0, reader.GetFieldValue<byte[]>(4)));
        }
    }

    private SegmentIndexState LoadState()
    {
        using var query = _connection.CreateCommand();
        query.CommandText = "SELECT file_system, device, cursor, stamp FROM state";
        using var reader = query.ExecuteReader();
        if (!reader.Read()) return default;
        return new SegmentIndexState(
            FileSystemId.Read(reader.GetFieldValue<byte[]>(0)), (ulong)reader.GetInt64(1), (ulong)reader.GetInt64(2),
            new Stamp(reader.GetInt64(3)));
    }
}
