using System.Text;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>The tables of meta.db, and views of them for people.</summary>
internal static class SqliteSchema
{
    /// <summary>PRAGMA user_version of what is written today.</summary>
    public const long Version = 2;

    /// <summary>The tables before pages had checksums: brought up by <see cref="Prepare"/>.</summary>
    private const long VersionWithoutChecksums = 1;

    /// <summary>PRAGMA application_id: "CFSm".</summary>
    public const long ApplicationId = 0x4346536D;

    private const string Others =
        """
        CREATE TABLE IF NOT EXISTS sequence (shard INTEGER PRIMARY KEY, sequence INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS epoch (shard INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS checkpoint (
            id INTEGER PRIMARY KEY CHECK (id = 1), append INTEGER NOT NULL, position INTEGER NOT NULL,
            tail_append INTEGER NOT NULL, tail_position INTEGER NOT NULL, stamp INTEGER NOT NULL);
        CREATE VIEW IF NOT EXISTS v_inode AS SELECT
            inode, shard, CASE mode & 61440
                WHEN 16384 THEN 'directory' WHEN 32768 THEN 'file' WHEN 40960 THEN 'symlink' WHEN 4096 THEN 'fifo'
                WHEN 49152 THEN 'socket' WHEN 8192 THEN 'character device' ELSE 'block device' END AS type,
            printf('%04o', mode & 4095) AS permissions, nlink, uid, gid, size, allocated,
            datetime(mtime / 1000000000, 'unixepoch') AS mtime, datetime(ctime / 1000000000, 'unixepoch') AS ctime,
            datetime(btime / 1000000000, 'unixepoch') AS btime, change, nullif(parent, 0) AS parent FROM inode;
        CREATE VIEW IF NOT EXISTS v_dentry AS SELECT
            parent, CAST(name AS TEXT) AS name, child, shard, cookie >> 8 AS hash, cookie & 255 AS hash_index,
            CASE type WHEN 4 THEN 'directory' WHEN 8 THEN 'file' WHEN 10 THEN 'symlink' ELSE 'special' END AS type
            FROM dentry;
        CREATE VIEW IF NOT EXISTS v_progress AS SELECT
            append AS reaches_append, datetime(stamp / 1000000000, 'unixepoch') AS reaches_time,
                tail_append AS log_begins_at
            FROM checkpoint;
        """;

    /// <summary>
    /// Makes what is missing, and what an earlier version lacks. Refuses a file of another kind or version: EPROTO.
    /// </summary>
    public static void Prepare(SqliteConnection connection)
    {
        var version = connection.Number("PRAGMA user_version") ?? 0;
        var application = connection.Number("PRAGMA application_id") ?? 0;
        if (version == 0 && application == 0 && connection.Number("SELECT count(*) FROM sqlite_master") == 0)
        {
            Create(connection);
            return;
        }

        if (application != ApplicationId)
        {
            throw new FsException(FsError.EPROTO, $"{connection.Path} is no metadata of ClaudeFS");
        }

        if (version == VersionWithoutChecksums)
        {
            // The version comes last: until then all of this is done again.
            connection.Execute("PRAGMA journal_mode = DELETE");
            connection.ReserveChecksums();
            connection.Execute("VACUUM");
            connection.Execute($"PRAGMA user_version = {Version}; PRAGMA journal_mode = WAL");
        }
        else if (version != Version)
        {
            throw FormatVersion.Refuse(connection.Path, version, Version);
        }

        if (!connection.HasChecksums)
        {
            throw new FsException(FsError.EIO, $"{connection.Path}: the page at offset 0 is damaged (byte 20)");
        }
    }

    private static void Create(SqliteConnection connection)
    {
        var sql = new StringBuilder("BEGIN IMMEDIATE;");
        foreach (var schema in RowSchema.All) sql.Append(RowStatements.Of(schema.Kind).Create);
        sql.Append(Others);
        sql.Append("INSERT INTO checkpoint VALUES (1, 0, 0, 1, 0, 0);");
        sql.Append("PRAGMA application_id = ").Append(ApplicationId).Append(';');
        sql.Append("PRAGMA user_version = ").Append(Version).Append("; COMMIT;");
        connection.Execute(sql.ToString());
    }
}
