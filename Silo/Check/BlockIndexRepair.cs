using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>
/// Makes a lost or damaged blocks.db anew from the device and the metadata. Nothing else may use the data directory.
/// </summary>
/// <param name="directory">The data directory, held.</param>
/// <param name="device">Its device; only read.</param>
/// <param name="loops">Loops of the log's replay.</param>
/// <param name="time">Clock.</param>
internal sealed class BlockIndexRepair(
    DataDirectory directory, StorageDevice device, ILoopFactory loops, TimeProvider time)
{
    private const string AsideSuffix = ".lost";

    // The database last: while it is there, the others belong to it.
    private static readonly string[] FileSuffixes = ["-wal", "-shm", ""];

    /// <summary>What is wrong with the index so that it has to be made anew; null when it can be used.</summary>
    public async ValueTask<string?> FindFaultAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(directory.BlockIndex))
        {
            await using var none = new MemorySegmentIndex();
            return await IndexRebuild.FindFaultAsync(device, none, cancellationToken) is null ? null : "it is missing";
        }

        try
        {
            await using var index = SqliteSegmentIndex.Open(directory.BlockIndex);
            return await IndexRebuild.FindFaultAsync(device, index, cancellationToken) ?? await FindGapAsync(index);
        }
        catch (FsException fault) when (fault.Error == FsError.EIO)
        {
            return fault.Message;
        }
    }

    // What a lost write-ahead log or an older copy leaves: counts that end before the log begins.
    private async ValueTask<string?> FindGapAsync(SqliteSegmentIndex index)
    {
        if (!File.Exists(directory.Tables)) return null;
        await using var rows = SqliteRowTable.Open(directory.Tables);
        var (cursor, first) = (index.Load(static _ => { }).Cursor, rows.Checkpoint.TailAppend);
        return cursor + 1 < first ? $"its counts end at append {cursor}, the log begins at {first}" : null;
    }

    /// <summary>
    /// Puts what is there aside (blocks.db.lost) and makes the index anew; a crash on the way leaves one that is lost
    /// still. Throws <see cref="FsException"/>: EIO (the metadata or the device is damaged too), ENOSPC.
    /// </summary>
    public async ValueTask<RebuildReport> RunAsync(
        IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        foreach (var suffix in FileSuffixes)
        {
            var file = directory.BlockIndex + suffix;
            if (File.Exists(file)) File.Move(file, directory.BlockIndex + AsideSuffix + suffix, overwrite: true);
        }

        await using var index = SqliteSegmentIndex.Open(directory.BlockIndex);
        return await FillAsync(index, progress, cancellationToken);
    }

    /// <summary>Fills an empty index, which may lie elsewhere: for a check that changes nothing.</summary>
    public async ValueTask<RebuildReport> FillAsync(
        ISegmentIndex index, IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        if (!File.Exists(directory.Tables)) throw Refuse("is missing too");
        await using var rows = SqliteRowTable.Open(directory.Tables);
        var identity = FileSystemIdentity.Read(rows) ?? throw Refuse("holds no file system");
        var checkpoint = rows.Checkpoint;
        var recorder = new ReferenceRecorder(checkpoint.Append);
        var metadata = await MetadataChecker.CheckAsync(
            rows, device.LogRegion(), identity, recorder, verifier: null, loops, time, cancellationToken);

        // Of references that cannot be read nobody knows what they hold: their bytes would be taken for garbage.
        var damage = metadata.Findings.FirstOrDefault(
            static finding => finding.Severity == Grains.Storage.Checking.CheckSeverity.Damage);
        if (damage is not null) throw Refuse($"or its log is damaged: {damage.Where}: {damage.What}");
        return await IndexRebuild.RunAsync(
            device, index,
            new([.. metadata.References.Values], recorder.Pending, checkpoint.Append, checkpoint.Stamp), progress,
            time, cancellationToken);
    }

    private FsException Refuse(string why) => new(FsError.EIO,
        $"{directory.BlockIndex} is lost and cannot be made anew, because {directory.Tables} {why}: "
        + "restore both from a backup of the same moment");
}
