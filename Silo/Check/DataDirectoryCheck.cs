using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Grains.Storage;
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
    /// index made anew. What more has changed in tables or log is dropped, all else put in order and written again;
    /// content that cannot be read is recorded as lost.
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

        var findings = WriteAheadLogs.Settle(directory, repair);
        if (!repair && findings.Exists(static finding => finding.IsBroken)) return new(findings, 0, 0, 0, 0);
        await using var file = FileBlockDevice.Open(directory.Device, new() { ReadOnly = !repair });
        if (repair)
        {
            findings.AddRange(CheckPages(directory, repair: true));
            findings.AddRange((await DeviceCheck.MendSuperblocksAsync(file, cancellationToken)).Select(Translate));
        }

        var device = await StorageDevice.OpenAsync(
            file, new() { ReadOnly = true, Format = false }, ids, cancellationToken);
        var scope = new CheckedDirectory(directory, device, loops, time);
        try
        {
            return repair
                ? await RepairAsync(scope, findings, progress, cancellationToken)
                : await LookAsync(scope, findings, repair, progress, cancellationToken);
        }
        catch (FsException fault) when (fault.Error == FsError.EIO)
        {
            // What is behind a table that cannot be opened cannot be checked; where it is damaged can be said.
            if (!repair) findings.AddRange(CheckPages(directory, repair: false));
            findings.Add(new(Finding.Damage, fault.Message, path, repair
                ? "Restore a backup; the rest could not be checked"
                : "The rest could not be checked; `cfs fsck --repair` keeps what can be read"));
            return new(findings, 0, 0, 0, 0);
        }
    }

    private static async Task<CheckResult> RepairAsync(
        CheckedDirectory scope, List<Finding> findings, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        var tables = new TablesRepair(scope);
        if (findings.Exists(finding => finding.IsBroken && finding.Where == $"{scope.Files.Tables} at offset 0"))
            await tables.RestoreFirstPageAsync();
        await MendAsync(scope, tables, findings, new HashSet<ChunkLocation>(), cancellationToken);
        var result = await LookAsync(scope, findings, repair: true, progress, cancellationToken);
        if (result.LostItems.Count == 0) return result;

        // What is gone is recorded where it was referred to; what a second look does not find again is settled by that.
        var settled = new List<Finding>();
        await MendAsync(scope, tables, settled, result.LostItems, cancellationToken);
        var again = await LookAsync(scope, [], repair: false, progress, cancellationToken);
        settled.InsertRange(0, findings.Where(finding => !again.Findings.Contains(finding)).Select(static finding =>
            finding.IsBroken
                ? finding with { Severity = Finding.Repaired, Advice = "Recorded: its files give EIO there" }
                : finding));
        return again with { Findings = [.. settled, .. again.Findings] };
    }

    // Tables and log, then the index, which has to fit them.
    private static async Task MendAsync(
        CheckedDirectory scope, TablesRepair tables, List<Finding> findings, IReadOnlySet<ChunkLocation> lostItems,
        CancellationToken cancellationToken)
    {
        var files = scope.Files;
        var done = await tables.RunAsync(HasDamagedPage(findings, files.Tables), lostItems, cancellationToken);
        findings.AddRange(done.Select(Translate));
        var index = new BlockIndexRepair(scope);
        var isOld = done.Any(finding => finding.Where == files.Tables) || HasDamagedPage(findings, files.BlockIndex);
        var fault = await index.FindFaultAsync(cancellationToken)
            ?? (isOld ? "a page of it, or of the tables beside it, was damaged" : null);
        if (fault is not null)
        {
            await index.RunAsync(progress: null, cancellationToken);
            findings.Add(new(Finding.Repaired,
                $"the index of the segments was lost: {fault}", files.BlockIndex, "it was made anew"));
            MarkRewritten(findings, files.BlockIndex);
        }

        MarkRewritten(findings, files.Tables);
    }

    // Everything that is there, by reading it.
    private static async Task<CheckResult> LookAsync(
        CheckedDirectory scope, List<Finding> findings, bool repair, IProgress<CheckProgress>? progress,
        CancellationToken cancellationToken)
    {
        var files = scope.Files;
        var indexRepair = new BlockIndexRepair(scope);
        var lostIndex = await indexRepair.FindFaultAsync(cancellationToken);
        if (lostIndex is not null)
        {
            findings.Add(new("error",
                $"the index of the segments is lost: {lostIndex}", files.BlockIndex, "the next start makes it anew"));
        }

        await using ISegmentIndex index = lostIndex is null
            ? SqliteSegmentIndex.Open(files.BlockIndex) : new MemorySegmentIndex();
        if (lostIndex is not null) await indexRepair.FillAsync(index, progress: null, cancellationToken);
        await using var rows = SqliteRowTable.Open(files.Tables);
        rows.MakeDurable();
        var identity = FileSystemIdentity.Read(rows)
            ?? throw new FsException(FsError.EINVAL, $"{files.Tables} holds no file system");
        if (!repair) findings.AddRange(CheckPages(files, repair: false));

        var recorder = new ReferenceRecorder(index.Load(static _ => { }).Cursor);
        var check = await DeviceCheck.BeginAsync(scope.Device, index, scope.Time, repair, cancellationToken);
        var metadata = await scope.CheckMetadataAsync(rows, identity, recorder, check, cancellationToken);
        var blocks = await check.RunAsync(
            [.. metadata.References.Values], recorder.Pending, progress, cancellationToken);
        findings.AddRange(metadata.Findings.Select(Translate));
        findings.AddRange(blocks.Findings.Select(Translate));
        findings.AddRange(metadata.FindFiles(blocks.Lost).Select(DescribeLoss));
        findings.AddRange(metadata.LostFiles.Select(static file => new Finding(
            Finding.Lost, "Content was lost, as a repair has recorded: EIO", file,
            "Restore the file from a backup, or remove it")));
        return new(findings, metadata.InodeCount, metadata.EntryCount, blocks.Items, blocks.Bytes)
        {
            LostItems = blocks.Lost,
        };
    }

    private static bool HasDamagedPage(List<Finding> findings, string file) => findings.Exists(
        finding => finding.Severity == Finding.Damage
            && (finding.Where.StartsWith($"{file} at offset", StringComparison.Ordinal)
                || finding.Where.StartsWith($"{file}-wal at offset", StringComparison.Ordinal)));

    // Its damaged pages were left behind.
    private static void MarkRewritten(List<Finding> findings, string file)
    {
        for (var i = 0; i < findings.Count; i++)
        {
            if (!HasDamagedPage([findings[i]], file)) continue;
            findings[i] = findings[i] with { Severity = Finding.Repaired, Advice = "The file was written anew" };
        }
    }

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
