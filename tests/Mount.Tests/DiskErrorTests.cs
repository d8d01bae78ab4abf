using ClaudeFs.Mount.Tests.Crashes;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.TestKit;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// The disk under the log answers with errors while files are made: the mount is read-only from then on and says why
/// everywhere, answers for nothing any more, goes on reading, ends with an error, and after a restart on a healthy disk
/// has all that fsync answered for. Each kind of error once, more of them and ten times with
/// CLAUDEFS_TEST_LONG=1.
/// </summary>
public sealed class DiskErrorTests(ITestOutputHelper output)
{
    private const int IoExit = 74;   // ExitCode.Io
    private const int InlineBytes = 4000;   // all in the log
    private const int LargeBytes = 30_000;
    private const long DiskBytes = 128L << 20;
    private static readonly int Rounds = TestLength.IsLong ? 10 : 1;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    /// <summary>What may be answered: not known whether it was done, or refused. Never "no space" or success.</summary>
    private static readonly string[] HonestErrors = ["EIO", "EROFS"];

    public static TheoryData<string, string, int> LogFaults
    {
        get
        {
            var faults = new TheoryData<string, string, int>
            {
                { "fdatasync", "EIO", LargeBytes },
                { "pwrite64", "EIO", InlineBytes },
            };
            if (TestLength.IsLong) faults.Add("pwrite64", "ENOSPC", InlineBytes);   // a thin disk
            return faults;
        }
    }

    [Theory, MemberData(nameof(LogFaults))]
    public async Task Nothing_is_answered_for_after_the_log_failed(string call, string error, int bytes)
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync("echo kept >kept; sync kept", mount.MountPoint);
        for (var round = 0; round < Rounds; round++)
        {
            await using var work = await AckWork.StartAsync(
                Path.Combine(mount.MountPoint, $"round{round}"), Path.Combine(mount.Scratch, "acks"), bytes);
            var device = Path.Combine(mount.DataDirectory, "device.cfs");
            var trace = Path.Combine(mount.Scratch, $"strace{round}");
            await using (var fault = SystemCallFault.Inject(mount.Daemon.ProcessId, device, call, error, trace))
            {
                var report = await work.EndAsync();
                var failed = await fault.FirstAsync();
                AssertHonest(report);
                if (call == "fdatasync")
                    Assert.True(report.LastSync < failed, $"after the flush at {failed} an fsync succeeded");
                await AssertReadOnlyAsync(mount);
                Assert.Contains("Metadata is read-only from here on: Writing the log failed",
                    await File.ReadAllTextAsync(Path.Combine(mount.DataDirectory, "cfs.log")));
            }

            await RestartAsync(mount, work);
        }
    }

    [Fact]
    public async Task A_disk_that_is_gone_leaves_a_mount_that_reads_what_it_can_and_ends()
    {
        await using var started = await MountOnDisk.StartAsync("64M", DiskBytes);
        var (mount, disk) = (started.Mount, started.Disk);
        await Shell.RunAsync("echo kept >kept; sync kept", mount.MountPoint);
        await using var work = await AckWork.StartAsync(
            Path.Combine(mount.MountPoint, "work"), Path.Combine(mount.Scratch, "acks"), LargeBytes);
        await disk.CutAsync();
        AssertHonest(await work.EndAsync());
        await AssertToldAsync(mount);
        var touched = await Shell.TryAsync("touch new", mount.MountPoint, Bound);
        Assert.Matches("Read-only file system|Input/output error", touched.Error);
        await mount.Daemon.UnmountAsync(IoExit);
        AssertLastLine(mount.Daemon);
        await mount.Daemon.DisposeAsync();
        await disk.RestoreAsync();
        await mount.StartDaemonAsync();
        await work.CheckAsync();
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }

    [Fact]
    public async Task A_second_mount_reads_also_what_it_had_never_looked_at()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(
            "for i in 0 1 2 3; do mkdir $i; echo $i >$i/small; head -c 300000 /dev/urandom >$i/large; done; sync .",
            mount.MountPoint);
        await using var second = await mount.MountAgainAsync("second");
        var device = Path.Combine(mount.DataDirectory, "device.cfs");
        await using (SystemCallFault.Inject(
            mount.Daemon.ProcessId, device, "fdatasync", "EIO", Path.Combine(mount.Scratch, "strace")))
        {
            await Shell.RunAsync("timeout 30 sh -c 'while echo new >>new && sync new; do :; done'", mount.MountPoint);
            await AssertToldAsync(mount);
        }

        await Shell.RunAsync($"ls -lR >/dev/null; diff -r . '{mount.MountPoint}'", second.MountPoint);
        var refused = await Shell.TryAsync("touch 0/small", second.MountPoint);
        Assert.Contains("Read-only file system", refused.Error, StringComparison.Ordinal);
        await second.UnmountAsync();
        await mount.Daemon.UnmountAsync(IoExit);
    }

    private static async Task RestartAsync(DevMount mount, AckWork work)
    {
        await mount.Daemon.UnmountAsync(IoExit);
        AssertLastLine(mount.Daemon);
        await mount.Daemon.DisposeAsync();
        await mount.AssertCleanAsync();
        await mount.StartDaemonAsync();
        await work.CheckAsync();
        await Shell.RunAsync("test \"$(cat kept)\" = kept; echo new >new; sync new; rm new", mount.MountPoint);
    }

    private void AssertHonest(AckReport report)
    {
        output.WriteLine($"{report.Synced} files answered for, errors {string.Join(' ', report.Errors)}");
        Assert.True(report.Synced > 0, "the disk failed before anything was answered for");
        Assert.Empty(report.Late);
        Assert.Subset(HonestErrors.ToHashSet(), report.Errors.ToHashSet());
    }

    private static async Task AssertToldAsync(DevMount mount)
    {
        const string culprit = "device.cfs";
        var admin = $"127.0.0.1:{mount.AdminPort}";
        var status = await Shell.TryAsync($"'{Daemon.Program}' status --json --admin {admin}");
        Assert.Equal(1, status.ExitCode);
        Assert.Contains("\"state\":\"read-only\"", status.Output);
        Assert.Contains(culprit, status.Output, StringComparison.Ordinal);
        var health = await Shell.RunAsync($"curl -s -w ' %{{http_code}}' http://{admin}/v1/health");
        Assert.Contains(culprit, health, StringComparison.Ordinal);
        Assert.EndsWith(" 503", health, StringComparison.Ordinal);
        await mount.Daemon.WaitForLineAsync("read-only: Writing the log failed");
    }

    // Each change is refused as one that is not done; reads go on.
    private static async Task AssertReadOnlyAsync(DevMount mount)
    {
        await AssertToldAsync(mount);
        await Shell.RunAsync("test \"$(cat kept)\" = kept; ls -lR >/dev/null; stat kept >/dev/null", mount.MountPoint);
        foreach (var change in new[]
        {
            "touch new", "mkdir new", "rm kept", "mv kept moved", "ln kept linked", "ln -s kept link", "chmod 600 kept",
            "truncate -s 1 kept", "mkfifo fifo", "dd if=/dev/zero of=kept conv=notrunc,fsync count=1 status=none",
        })
        {
            var result = await Shell.TryAsync(change, mount.MountPoint);
            Assert.True(result.Error.Contains("Read-only file system", StringComparison.Ordinal),
                $"{change} ended with {result.ExitCode}: {result.Error}");
        }
    }

    private static void AssertLastLine(Daemon daemon)
    {
        var last = daemon.Printed.TrimEnd().Split('\n')[^1];
        Assert.StartsWith("cfs: the file system went read-only: Writing the log failed", last);
        Assert.Contains("Everything that fsync answered for is kept", last, StringComparison.Ordinal);
    }
}
