using ClaudeFs.Mount.Tests.Crashes;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// A disk that no longer answers keeps the daemon's threads in the kernel, beyond any signal: a daemon that is killed
/// then stays, with its descriptors. Its mount must fail all the same, and not hang with it.
/// </summary>
public sealed class HungDiskTests
{
    private const long DiskBytes = 128L << 20;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Mount_of_a_killed_daemon_that_cannot_go_answers_at_once()
    {
        await using var started = await MountOnDisk.StartAsync("64M", DiskBytes);
        var (mount, disk) = (started.Mount, started.Disk);
        await Shell.RunAsync("echo kept >kept; sync kept", mount.MountPoint);
        await disk.FreezeAsync();
        try
        {
            var writing = Shell.TryAsync("echo more >more && sync more", mount.MountPoint, Bound);
            var threads = $"/proc/{mount.Daemon.ProcessId}/task/*/stat";
            await Shell.WaitAsync($"grep -q ') D ' {threads}", Bound);
            mount.Daemon.Signal("KILL");
            // statfs: what stat asks the kernel may still have in its cache.
            var looked = await Shell.TryAsync($"stat -f '{mount.MountPoint}'", bound: CrashCampaign.AtOnce);
            Assert.Matches("not connected|connection abort", looked.Error);
            Assert.NotEqual(0, (await writing).ExitCode);
            await Shell.RunAsync($"grep -q ') D ' {threads}; grep -q ' {mount.MountPoint} ' /proc/self/mounts");
        }
        finally
        {
            await disk.ThawAsync();
        }

        await mount.Daemon.WaitForExitAsync();
        await mount.Daemon.DisposeAsync();
        await mount.StartDaemonAsync();
        await Shell.RunAsync("test \"$(cat kept)\" = kept", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }
}
