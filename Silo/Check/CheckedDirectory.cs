using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;

namespace ClaudeFs.Silo.Check;

/// <summary>What checks and repairs work on. Nothing else may use the data directory.</summary>
/// <param name="Files">The data directory, held.</param>
/// <param name="Device">Its device.</param>
/// <param name="Loops">Loops of the log's replay.</param>
/// <param name="Time">Clock.</param>
internal sealed record CheckedDirectory(
    DataDirectory Files, StorageDevice Device, ILoopFactory Loops, TimeProvider Time)
{
    /// <summary>What lies beside a database and belongs to it.</summary>
    public static readonly string[] BesideSuffixes = ["-wal", "-shm"];

    /// <summary>The log's part of the device.</summary>
    public IBlockDevice Log => Device.LogRegion();

    /// <inheritdoc cref="MetadataChecker.CheckAsync"/>
    public ValueTask<MetadataReport> CheckMetadataAsync(
        SqliteRowTable rows, FileSystemIdentity identity, IReferenceFeed? feed, IStoredDataVerifier? verifier,
        CancellationToken cancellationToken) =>
        MetadataChecker.CheckAsync(rows, Log, identity, feed, verifier, Loops, Time, cancellationToken);
}
