using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// The metadata of the embedded mode: tables and epochs in one SQLite file, the log in a region of the device. Opened
/// in two steps, because the device is looked for by the file system's number, which is a setting of the tables.
/// </summary>
public sealed class EmbeddedMetadata : IAsyncDisposable
{
    private readonly SqliteRowTable _rows;
    private readonly SqliteCoordination _coordination;

    private EmbeddedMetadata(SqliteRowTable rows, SqliteCoordination coordination, FileSystemIdentity identity,
        bool isNew)
    {
        _rows = rows;
        _coordination = coordination;
        Identity = identity;
        IsNew = isNew;
    }

    /// <summary>Whose file this is.</summary>
    public FileSystemIdentity Identity { get; }

    /// <summary>The file system was made by this opening.</summary>
    public bool IsNew { get; }

    /// <summary>The tables, for checkers; they belong to the store once that is open.</summary>
    public IRowTable Rows => _rows;

    /// <summary>
    /// Opens the tables, or makes those of a new file system. Errors, as <see cref="FsException"/>: EPROTO (not ours,
    /// or of a newer version), EIO, ENOSPC.
    /// </summary>
    public static async ValueTask<EmbeddedMetadata> OpenAsync(string path, IIdSource ids)
    {
        var rows = SqliteRowTable.Open(path);
        try
        {
            var known = FileSystemIdentity.Read(rows);
            var identity = known ?? FileSystemIdentity.Create(rows, ids);
            return new(rows, SqliteCoordination.Open(path), identity, isNew: known is null);
        }
        catch
        {
            await rows.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Opens the store on the log in <paramref name="logRegion"/> (best one that transfers on the caller's thread). The
    /// store disposes the tables; this object is disposed after it. Errors: as
    /// <see cref="MetadataStore.OpenAsync(MetadataSeams, FileSystemIdentity, CancellationToken)"/>.
    /// </summary>
    public ValueTask<MetadataStore> OpenStoreAsync(
        IBlockDevice logRegion, ILoopFactory loops, TimeProvider time, ILogger logger, IReferenceFeed? feed = null,
        IStoredDataVerifier? verifier = null, CancellationToken cancellationToken = default)
    {
        var log = new EmbeddedLog(logRegion, Identity.FileSystem, _coordination);
        var seams = new MetadataSeams(log, _rows, _coordination, loops, time, logger) { Feed = feed,
            Verifier = verifier };
        return MetadataStore.OpenAsync(seams, Identity, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _rows.DisposeAsync();
        _coordination.Dispose();
    }
}
