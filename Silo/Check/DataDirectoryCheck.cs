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
/// Checks an unmounted data directory: pages of the tables, rows and log of the metadata, then device, segments, counts
/// and every referenced item. Changes nothing but what opening a SQLite file does (after a crash, or of an earlier
/// release), unless it is told to repair.
/// </summary>
public static class DataDirectoryCheck
{
    /// <summary>
    /// Checks everything. Throws <see cref="FsException"/> when it cannot begin: ENOENT, EBUSY (in use), EINVAL, EPROTO
    /// (other version).
    /// </summary>
    /// <param name="path">The data directory.</param>
    /// <param name="repair">
    /// Puts right what is provable: a single flipped bit of a page, of the log, of a superblock, of the segment table,
    /// of a segment's directory or of an item is turned back; a lost copy of the superblock is written again, a lost
    /// index made anew. What more has changed in tables or log is dropped, all else put in order and written again.
    /// </param>
    /// <param name="loops">Loops of the replay.</param>
    /// <param name="ids">Never asked: nothing is made.</param>
    /// <param name="time">Clock.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<CheckResult> RunAsync(
        string path, bool repair, ILoopFactory loops, IIdSource ids, TimeProvider time,
        IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        using var directory = DataDirectory.Acquire(path, create: false);
        if (!directory.HasFileSystem)
        {
            throw new FsException(
                FsError.ENOENT, $"{path}: there is no file system here: {directory.Device} is missing");
        }

        var findings = new List<Finding>();
        await using var file = FileBlockDevice.Open(directory.Device, new() { ReadOnly = !repair });
        if (repair)
        {
            findings.AddRange(CheckPages(directory, repair: true));
            findings.AddRange((await DeviceCheck.MendSuperblocksAsync(file, cancellationToken)).Select(Translate));
        }

        var device = await StorageDevice.OpenAsync(
            file, new() { ReadOnly = true, Format = false }, ids, cancellationToken);
        try
        {
            return await CheckAsync(
                directory, device, findings, repair, loops, time, progress, cancellationToken);
        }
        catch (FsException fault) when (fault.Error == FsError.EIO)
        {
            // What is behind a table that cannot be opened cannot be checked; where it is damaged can be said.
            if (!repair) findings.AddRange(CheckPages(directory, repair: false));
            findings.Add(new(Finding.Damage, fault.Message, path, "Restore a backup; the rest could not be checked"));
            return new(findings, 0, 0, 0, 0);
        }
    }

    private static async Task<CheckResult> CheckAsync(
        DataDirectory directory, StorageDevice device, List<Finding> findings, bool repair, ILoopFactory loops,
        TimeProvider time, IProgress<CheckProgress>? progress, CancellationToken cancellationToken)
    {
        var indexRepair = new BlockIndexRepair(directory, device, loops, time);
        var isIndexOld = false;
        if (repair)
        {
            var isPageDamaged = HasDamagedPage(findings, directory.Tables);
            var done = await new TablesRepair(directory, device, loops, time)
                .RunAsync(isPageDamaged, cancellationToken);
            findings.AddRange(done.Select(Translate));
            isIndexOld = done.Any(finding => finding.Where == directory.Tables)
                || HasDamagedPage(findings, directory.BlockIndex);
        }

        var lost = await indexRepair.FindFaultAsync(cancellationToken)
            ?? (isIndexOld ? "a page of it, or of the tables beside it, was damaged" : null);
        if (lost is not null) findings.Add(FindLoss(directory.BlockIndex, lost, repair));
        if (lost is not null && repair)
        {
            await indexRepair.RunAsync(progress: null, cancellationToken);
            MarkRewritten(findings, directory.BlockIndex);
        }

        if (repair) MarkRewritten(findings, directory.Tables);
        await using ISegmentIndex index = lost is null || repair
            ? SqliteSegmentIndex.Open(directory.BlockIndex) : new MemorySegmentIndex();
        if (lost is not null && !repair) await indexRepair.FillAsync(index, progress: null, cancellationToken);
        await using var rows = SqliteRowTable.Open(directory.Tables);
        rows.MakeDurable();
        var identity = FileSystemIdentity.Read(rows)
            ?? throw new FsException(FsError.EINVAL, $"{directory.Tables} holds no file system");
        if (!repair) findings.AddRange(CheckPages(directory, repair: false));

        var recorder = new ReferenceRecorder(index.Load(static _ => { }).Cursor);
        var check = await DeviceCheck.BeginAsync(device, index, time, repair, cancellationToken);
        var metadata = await MetadataChecker.CheckAsync(
            rows, device.LogRegion(), identity, recorder, check, loops, time, cancellationToken);
        var blocks = await check.RunAsync(
            [.. metadata.References.Values], recorder.Pending, progress, cancellationToken);
        findings.AddRange(metadata.Findings.Select(Translate));
        findings.AddRange(blocks.Findings.Select(Translate));
        findings.AddRange(metadata.FindFiles(blocks.Lost).Select(DescribeLoss));
        return new(findings, metadata.InodeCount, metadata.EntryCount, blocks.Items, blocks.Bytes);
    }

    private static bool HasDamagedPage(List<Finding> findings, string file) => findings.Exists(
        finding => finding.Severity == Finding.Damage
            && finding.Where.StartsWith($"{file} at offset", StringComparison.Ordinal));

    // Its damaged pages were left behind.
    private static void MarkRewritten(List<Finding> findings, string file)
    {
        for (var i = 0; i < findings.Count; i++)
        {
            if (!HasDamagedPage([findings[i]], file)) continue;
            findings[i] = findings[i] with { Severity = Finding.Repaired, Advice = "The file was written anew" };
        }
    }

    private static Finding FindLoss(string index, string lost, bool repair) => repair
        ? new(Finding.Repaired, $"the index of the segments was lost: {lost}", index, "it was made anew")
        : new("error", $"the index of the segments is lost: {lost}", index, "the next start makes it anew");

    private static List<Finding> CheckPages(DataDirectory directory, bool repair) =>
    [
        .. DatabasePages.Check(directory.Tables, DatabasePages.TablesPageBytes, repair),
        .. File.Exists(directory.BlockIndex)
            ? DatabasePages.Check(directory.BlockIndex, DatabasePages.IndexPageBytes, repair) : [],
    ];

    private static Finding Translate(Grains.Storage.Checking.CheckFinding finding) =>
        new(finding.Severity.ToString().ToLowerInvariant(), finding.What, finding.Where, finding.Advice);

    /// <summary>What is said of a file with damaged content, named with the first such byte.</summary>
    internal static Finding DescribeLoss(string file) => new(
        "error", "The content cannot be read: EIO", file, "Restore the file from a backup, or remove it");

    internal static Finding Translate(DataPlane.Storage.Check.CheckFinding finding) => new(
        finding.Severity.ToString().ToLowerInvariant(), finding.What,
        finding.OffsetBytes < 0 ? finding.File : $"{finding.File} at offset {finding.OffsetBytes}", finding.Advice);
}
