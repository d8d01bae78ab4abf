using System.Globalization;
using ClaudeFs.Mount.Tests.Crashes;
using ClaudeFs.Mount.Tests.Harness;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// The disk under the data directory is filled by others: writers get ENOSPC, everything is read, names go, nothing
/// that was answered for is lost, and when there is room again all goes on by itself.
/// </summary>
public sealed class FullDiskTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const long DiskBytes = 400L << 20;
    private const int InlineBytes = 4000;
    private const int CannotCreate = 73;   // ExitCode.CannotCreate
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private DevMount _mount = null!;
    private LoopDisk _disk = null!;

    public async Task InitializeAsync()
    {
        _mount = DevMount.Prepare("256M");
        var volume = Path.GetDirectoryName(_mount.DataDirectory)! + "/volume";
        _disk = await LoopDisk.MakeAsync(Path.Combine(_mount.Scratch, "disk"), volume, DiskBytes);
        Ballast = Path.Combine(volume, "ballast");
        Directory.CreateDirectory(Path.Combine(volume, "data"));
        File.CreateSymbolicLink(_mount.DataDirectory, Path.Combine(volume, "data"));
    }

    public async Task DisposeAsync()
    {
        if (_mount.Daemon is not null) await _mount.Daemon.DisposeAsync();
        await _disk.DisposeAsync();
        await _mount.DisposeAsync();
    }

    private string Ballast { get; set; } = "";

    private string Admin => $"127.0.0.1:{_mount.AdminPort}";

    [Fact]
    public async Task Full_tables_are_waited_for_and_all_goes_on_when_there_is_room()
    {
        await _mount.StartDaemonAsync();
        await Shell.RunAsync("mkdir d; for i in $(seq 200); do echo $i >d/$i; done; cp -r d e; sync .", MountPoint);
        await using var work = await AckWork.StartAsync(
            Path.Combine(MountPoint, "work"), Path.Combine(_mount.Scratch, "acks"), InlineBytes);
        await FillAsync();
        var report = await work.EndAsync();
        output.WriteLine($"{report.Synced} files answered for, errors {string.Join(' ', report.Errors)}");
        Assert.Equal(["ENOSPC"], report.Errors);
        await work.CheckAsync();
        var status = await Shell.TryAsync($"'{Daemon.Program}' status --json --admin {Admin}");
        Assert.Equal(1, status.ExitCode);
        Assert.Contains("\"state\":\"no-space\"", status.Output);
        Assert.Matches(@"(meta|blocks)\.db", status.Output);   // whichever was to grow first
        await _mount.Daemon.WaitForLineAsync("no-space: ");
        await Shell.RunAsync(
            "test $(ls d | wc -l) = 200; diff -r d e; rm -r d; mv e moved; test ! -e d; chmod 700 moved", MountPoint);

        File.Delete(Ballast);
        await Shell.WaitAsync($"'{Daemon.Program}' status --admin {Admin} >/dev/null", Bound);
        await Shell.RunAsync("for i in $(seq 500); do echo $i >new$i; done; sync .", MountPoint);
        Assert.Contains("has room again", await File.ReadAllTextAsync(Path.Combine(_mount.DataDirectory, "cfs.log")));
        await RestartAsync(work);
    }

    [Fact]
    public async Task A_crash_on_a_full_disk_loses_nothing()
    {
        await _mount.StartDaemonAsync();
        await using var work = await AckWork.StartAsync(
            Path.Combine(MountPoint, "work"), Path.Combine(_mount.Scratch, "acks"), InlineBytes);
        await FillAsync();
        await work.EndAsync();
        await _mount.Daemon.KillAsync();
        await Shell.RunAsync($"umount -l '{MountPoint}'");
        if (await StartsAsync())
        {
            await work.CheckAsync();
            await _mount.Daemon.KillAsync();
        }

        File.Delete(Ballast);
        await _mount.StartDaemonAsync();
        await work.CheckAsync();
        await RestartAsync(work);
    }

    [Fact]
    public async Task A_device_that_could_not_grow_grows_when_there_is_room()
    {
        await Shell.RunAsync($"fallocate -l 200M '{Ballast}'");
        await _mount.StartDaemonAsync();
        await Shell.RunAsync($"head -c 100M /dev/urandom >'{_mount.Scratch}/large'");
        var copy = $"cp '{_mount.Scratch}/large' large && sync large";
        var full = await Shell.TryAsync(copy, MountPoint);
        Assert.Contains("No space left on device", full.Error, StringComparison.Ordinal);
        await Shell.RunAsync("rm -f large; echo small >small; sync small", MountPoint);
        var device = new FileInfo(Path.Combine(_mount.DataDirectory, "device.cfs")).Length;
        Assert.True(device < 100 << 20, $"the growth that was refused left {device} bytes");

        File.Delete(Ballast);
        await Shell.WaitAsync($"grep -q 'grown to' '{_mount.DataDirectory}/cfs.log'", Bound);
        await Shell.RunAsync($"{copy}; cmp '{_mount.Scratch}/large' large; test $(cat small) = small", MountPoint);
        await _mount.Daemon.UnmountAsync();
        await _mount.AssertCleanAsync();
    }

    [Fact]
    public async Task A_device_that_could_not_be_made_takes_nothing()
    {
        await Shell.RunAsync($"fallocate -l 320M '{Ballast}'");
        var free = $"df --output=avail -B1M '{Path.GetDirectoryName(Ballast)}' | tail -1";
        var before = int.Parse(await Shell.RunAsync(free), CultureInfo.InvariantCulture);
        await Assert.ThrowsAsync<InvalidOperationException>(_mount.StartDaemonAsync);
        var after = int.Parse(await Shell.RunAsync(free), CultureInfo.InvariantCulture);
        Assert.True(after > before - 5, $"{before} MiB were free, after the refusal {after} MiB");
    }

    // Where the tables' log has room left it starts, and all is readable; else one line says what is missing.
    private async Task<bool> StartsAsync()
    {
        try
        {
            await _mount.StartDaemonAsync();
            output.WriteLine("started on the full disk");
            return true;
        }
        catch (InvalidOperationException refused)
        {
            output.WriteLine(refused.Message);
            Assert.Contains($"ended with {CannotCreate}: cfs: ", refused.Message, StringComparison.Ordinal);
            Assert.Contains("disk is full", refused.Message, StringComparison.Ordinal);
            Assert.Single(refused.Message.TrimEnd().Split('\n'));
            return false;
        }
    }

    private string MountPoint => _mount.MountPoint;

    // fallocate takes whole extents, dd the rest.
    private async Task FillAsync() => await Shell.RunAsync(
        $"fallocate -l $(df --output=avail -B1 '{Path.GetDirectoryName(Ballast)}' | tail -1) '{Ballast}'; "
        + $"dd if=/dev/zero bs=4k status=none >>'{Ballast}' 2>/dev/null || true");

    private async Task RestartAsync(AckWork work)
    {
        await _mount.Daemon.UnmountAsync();
        await _mount.Daemon.DisposeAsync();
        await _mount.AssertCleanAsync();
        await _mount.StartDaemonAsync();
        await work.CheckAsync();
    }
}
