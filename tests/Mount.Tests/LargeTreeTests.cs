using System.Globalization;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Mount.Tests.Trees;
using ClaudeFs.TestKit;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// A tree of sparse files of 50 KiB each is made, walked, changed, walked again and deleted: no operation's cost grows
/// with the tree, the daemon's memory stays below a bound, and the space is what it was. 20 000 files; two million,
/// 100 GB, with CLAUDEFS_TEST_LONG=1; CLAUDEFS_TREE_FILES says another number.
/// </summary>
[Collection(MeasuredAlone.Name)]
public sealed class LargeTreeTests(ITestOutputHelper output)
{
    private const long MiB = 1 << 20;

    /// <summary>Caches and buffers at their bounds (chunks and unwritten data 64 MiB each, 131 072 inodes with their
    /// leases on both sides, 262 144 names, SQLite's and the runtime's own) are some 600 MiB, and the collector of the
    /// runtime lets twice as much garbage gather before it looks at what is old: measured 550 to 2 100.</summary>
    private const long MemoryBytesMax = 3072 * MiB;

    /// <summary>What the daemon keeps for each inode that the kernel has not forgotten: its count of
    /// references.</summary>
    private const long MemoryBytesPerKnownInode = 64;

    /// <summary>Answers of the last operations, counters: rows that stay in the tables; pages of 8 KiB.</summary>
    private const long TablePagesSlack = 2048;

    /// <summary>The last fifth may cost so much more than the first; 1 000 files take some 100 ms and are mostly
    /// noise.</summary>
    private static readonly double RatioMax = TestLength.IsLong ? 1.5 : 4;

    private const double CostSlackMicroseconds = 20;
    private static readonly TimeSpan SpaceBackMax = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Cost_of_an_operation_does_not_grow_and_space_comes_back()
    {
        var shape = TreeShape.FromEnvironment(TestLength.IsLong);
        await using var mount = await DevMount.StartAsync("8G");
        await mount.RestartAsync();
        var before = await StoreFigures.OfAsync(mount, mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        var pagesBefore = StoreFigures.TablePagesInUse(mount);
        await mount.StartDaemonAsync();

        var load = new TreeLoad(
            mount.MountPoint, shape, () => ProcessFigures.Of(mount.Daemon.ProcessId));
        var phases = new List<TreePhase>
        {
            load.Create(), load.Walk("walk", static _ => TreeLoad.FileBytes),
        };
        var full = await StoreFigures.OfAsync(mount, mount.MountPoint);
        phases.Add(load.Change());
        phases.Add(load.Walk("walk again", TreeLoad.SizeAfterChange));
        phases.Add(load.Delete());
        Report(shape, phases);
        output.WriteLine($"before {before}\nfull   {full}");

        output.WriteLine($"after  {await StoreFigures.WaitUntilEmptyAsync(mount, mount.MountPoint, SpaceBackMax)}");
        await mount.Daemon.UnmountAsync();
        var pages = StoreFigures.TablePagesInUse(mount);
        output.WriteLine($"pages of meta.db in use: {pagesBefore} before, {pages} after");
        await mount.AssertCleanAsync();

        Assert.Equal(before.UsedInodes + shape.Files + shape.Directories, full.UsedInodes);
        Assert.True(pages <= pagesBefore + TablePagesSlack, $"meta.db: {pagesBefore} pages in use before, {pages} now");
        AssertFlat(shape, phases);
    }

    private static void AssertFlat(TreeShape shape, List<TreePhase> phases)
    {
        var memoryMax = MemoryBytesMax + (shape.Files * MemoryBytesPerKnownInode);
        foreach (var phase in phases)
        {
            Assert.True(
                phase.PerFile.IsWithin(RatioMax, CostSlackMicroseconds), $"{phase.Name}: µs a file {phase.PerFile}");
            Assert.True(
                phase.ProcessorPerFile.IsWithin(RatioMax, CostSlackMicroseconds),
                $"{phase.Name}: the daemon's µs a file {phase.ProcessorPerFile}");
            Assert.True(
                phase.AnonymousBytesMax <= memoryMax,
                $"{phase.Name}: the daemon had {phase.AnonymousBytesMax / MiB} of {memoryMax / MiB} MiB");
        }
    }

    private void Report(TreeShape shape, List<TreePhase> phases)
    {
        output.WriteLine($"{shape.Files} files in {shape.Directories} directories; each twentieth: µs a file");
        foreach (var phase in phases)
        {
            var seconds = phase.Slices.Sum(slice => slice.PerFile.TotalSeconds) * shape.FilesPerSlice;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{phase.Name}: {seconds:0.0} s, {shape.Files / seconds:0} files/s; a file {Show(phase.PerFile)}, "
                + $"daemon's processor {Show(phase.ProcessorPerFile)}; memory {phase.AnonymousBytesMax / MiB} MiB"));
            output.WriteLine("  elapsed   " + Row(phase, slice => slice.PerFile.TotalMicroseconds));
            output.WriteLine("  processor " + Row(phase, slice => slice.ProcessorPerFile.TotalMicroseconds));
            output.WriteLine("  MiB       " + Row(phase, slice => slice.AnonymousBytes / MiB));
        }
    }

    private static string Show(Change change) => string.Create(
        CultureInfo.InvariantCulture, $"{change.First:0} -> {change.Last:0} µs");

    private static string Row(TreePhase phase, Func<TreeSlice, double> figure) => string.Join(
        ' ', phase.Slices.Select(slice => figure(slice).ToString("0", CultureInfo.InvariantCulture).PadLeft(5)));
}
