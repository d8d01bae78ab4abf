using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>
/// Checks an unmounted data directory: rows and log of the metadata, then device, segments, counts and every referenced
/// item. Changes nothing but what opening a SQLite file after a crash does.
/// </summary>
public static class DataDirectoryCheck
{
    /// <summary>
    /// Checks everything. Throws <see cref="FsException"/> when it cannot begin: ENOENT, EBUSY (in use), EINVAL, EPROTO
    /// (other version).
    /// </summary>
    public static async Task<CheckResult> RunAsync(
        string path, ILoopFactory loops, IIdSource ids, TimeProvider time, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        using var directory = DataDirectory.Acquire(path, create: false);
        if (!directory.HasFileSystem)
        {
            throw new FsException(
                FsError.ENOENT, $"{path}: there is no file system here: {directory.Device} is missing");
        }

        await using var file = FileBlockDevice.Open(directory.Device, new() { ReadOnly = true });
        var device = await StorageDevice.OpenAsync(
            file, new() { ReadOnly = true, Format = false }, ids, cancellationToken);
        var repair = new BlockIndexRepair(directory, device, loops, time);
        var lost = await repair.FindFaultAsync(cancellationToken);
        await using ISegmentIndex index = lost is null
            ? SqliteSegmentIndex.Open(directory.BlockIndex) : new MemorySegmentIndex();
        if (lost is not null) await repair.FillAsync(index, progress: null, cancellationToken);
        await using var rows = SqliteRowTable.Open(directory.Tables);
        var identity = FileSystemIdentity.Read(rows)
            ?? throw new FsException(FsError.EINVAL, $"{directory.Tables} holds no file system");

        var recorder = new ReferenceRecorder(index.Load(static _ => { }).Cursor);
        var check = await DeviceCheck.BeginAsync(device, index, time, cancellationToken);
        var metadata = await MetadataChecker.CheckAsync(
            rows, device.LogRegion(), identity, recorder, check, loops, time, cancellationToken);
        var blocks = await check.RunAsync(
            [.. metadata.References.Values], recorder.Pending, progress, cancellationToken);
        return new(
            [
                .. metadata.Findings.Select(Translate), .. FindLoss(directory.BlockIndex, lost),
                .. blocks.Findings.Select(Translate),
            ],
            metadata.InodeCount, metadata.EntryCount, blocks.Items, blocks.Bytes);
    }

    private static IEnumerable<Finding> FindLoss(string index, string? lost) => lost is null ? [] :
        [new("error", $"the index of the segments is lost: {lost}", index, "the next start makes it anew")];

    private static Finding Translate(Grains.Storage.Checking.CheckFinding finding) =>
        new(finding.Severity.ToString().ToLowerInvariant(), finding.What, finding.Where, finding.Advice);

    private static Finding Translate(DataPlane.Storage.Check.CheckFinding finding) => new(
        finding.Severity.ToString().ToLowerInvariant(), finding.What,
        finding.OffsetBytes < 0 ? finding.File : $"{finding.File} at offset {finding.OffsetBytes}", finding.Advice);
}
