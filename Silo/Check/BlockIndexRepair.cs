using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>
/// Makes a lost or damaged blocks.db anew from the device and the metadata.
/// </summary>
/// <param name="scope">Whose; its device is only read.</param>
internal sealed class BlockIndexRepair(CheckedDirectory scope)
{
    private const string AsideSuffix = ".lost";

    private readonly DataDirectory _files = scope.Files;

    /// <summary>What is wrong with the index so that it has to be made anew; null when it can be used.</summary>
    public async ValueTask<string?> FindFaultAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(_files.BlockIndex))
        {
            await using var none = new MemorySegmentIndex();
            var fault = await IndexRebuild.FindFaultAsync(scope.Device, none, cancellationToken);
            return fault is null ? null : "it is missing";
        }

        ulong cursor;
        try
        {
            await using var index = SqliteSegmentIndex.Open(_files.BlockIndex);
            if (await IndexRebuild.FindFaultAsync(scope.Device, index, cancellationToken) is { } fault) return fault;
            cursor = index.Load(static _ => { }).Cursor;
        }
        catch (FsException fault) when (fault.Error == FsError.EIO)
        {
            return fault.Message;
        }

        // What a lost write-ahead log or an older copy leaves: counts that end before the log begins.
        if (!File.Exists(_files.Tables)) return null;
        await using var rows = SqliteRowTable.Open(_files.Tables);
        var first = rows.Checkpoint.TailAppend;
        return cursor + 1 < first ? $"its counts end at append {cursor}, the log begins at {first}" : null;
    }

    /// <summary>
    /// Puts what is there aside (blocks.db.lost) and makes the index anew; a crash on the way leaves one that is lost
    /// still. Throws <see cref="FsException"/>: EIO (the metadata or the device is damaged too), ENOSPC.
    /// </summary>
    public async ValueTask<RebuildReport> RunAsync(
        IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        // The database last: while it is there, the others belong to it.
        foreach (var suffix in CheckedDirectory.BesideSuffixes.Append(""))
        {
            var file = _files.BlockIndex + suffix;
            if (File.Exists(file)) File.Move(file, _files.BlockIndex + AsideSuffix + suffix, overwrite: true);
        }

        await using var index = SqliteSegmentIndex.Open(_files.BlockIndex);
        return await FillAsync(index, progress, cancellationToken);
    }

    /// <summary>Fills an empty index, which may lie elsewhere: for a check that changes nothing.</summary>
    public async ValueTask<RebuildReport> FillAsync(
        ISegmentIndex index, IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        if (!File.Exists(_files.Tables)) throw Refuse("is missing too");
        await using var rows = SqliteRowTable.Open(_files.Tables);
        var identity = FileSystemIdentity.Read(rows) ?? throw Refuse("holds no file system");
        var checkpoint = rows.Checkpoint;
        var recorder = new ReferenceRecorder(checkpoint.Append);
        var metadata = await scope.CheckMetadataAsync(
            rows, identity, recorder, verifier: null, cancellationToken);

        // Of references that cannot be read nobody knows what they hold: their bytes would be taken for garbage.
        var damage = metadata.Findings.FirstOrDefault(
            static finding => finding.Severity == Grains.Storage.Checking.CheckSeverity.Damage);
        if (damage is not null) throw Refuse($"or its log is damaged: {damage.Where}: {damage.What}");
        return await IndexRebuild.RunAsync(
            scope.Device, index,
            new([.. metadata.References.Values], recorder.Pending, checkpoint.Append, checkpoint.Stamp), progress,
            scope.Time, cancellationToken);
    }

    private FsException Refuse(string why) => new(FsError.EIO,
        $"{_files.BlockIndex} is lost and cannot be made anew, because {_files.Tables} {why}: "
        + "restore both from a backup of the same moment");
}
