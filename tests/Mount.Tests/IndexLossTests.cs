using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>A lost or damaged blocks.db is made anew by the next start: no file is lost by it, and no space.</summary>
public sealed class IndexLossTests
{
    // Files of many sizes in a full file system, half of them deleted and others written: compaction moves the rest.
    private const string Fill =
        "for i in $(seq 70); do head -c $((1000000 + i * 777)) /dev/urandom >f$i || exit 1; "
        + "head -c $((i * 1009)) /dev/urandom >s$i || exit 1; done; sync . && rm f*[02468] s*[13579] && "
        + "for i in $(seq 25); do head -c 1M /dev/urandom >g$i || exit 1; done; "
        + "ln f1 hard && cp --sparse=always g1 copy && truncate -s 5M copy && sha256sum * >../sums && sync .";

    private const string Check = "sha256sum -c --quiet ../sums";

    [Theory]
    [InlineData("rm -f blocks.db blocks.db-wal blocks.db-shm")]
    [InlineData("rm -f blocks.db-wal blocks.db-shm && head -c 8192 /dev/urandom | dd of=blocks.db conv=notrunc")]
    public async Task After_a_clean_stop_every_file_is_there(string loss)
    {
        await using var mount = await DevMount.StartAsync("128M");
        await Shell.RunAsync($"mkdir d && cd d && {Fill}", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await Shell.RunAsync(loss, mount.DataDirectory);
        var lost = await Shell.TryAsync($"'{Daemon.Program}' fsck --data '{mount.DataDirectory}'");
        Assert.Equal(1, lost.ExitCode);
        Assert.Contains("the index of the segments is lost", lost.Output, StringComparison.Ordinal);
        Assert.Single(lost.Output.Split('\n'), line => line.StartsWith("error", StringComparison.Ordinal));

        await mount.StartDaemonAsync();
        await Shell.RunAsync($"cd d && {Check}", mount.MountPoint);
        await AssertMadeAsync(mount);
        await AssertSpaceAsync(mount);
    }

    [Theory]
    [InlineData("rm -f blocks.db blocks.db-wal blocks.db-shm")]
    [InlineData("mv ../scratch/blocks.db . && rm -f blocks.db-wal blocks.db-shm")]
    public async Task After_a_kill_under_load_everything_synced_is_there(string loss)
    {
        await using var mount = await DevMount.StartAsync("128M");
        await mount.Daemon.UnmountAsync();
        await Shell.RunAsync("cp blocks.db ../scratch", mount.DataDirectory);   // one of an earlier time
        await mount.StartDaemonAsync();
        await Shell.RunAsync($"mkdir d && cd d && {Fill}", mount.MountPoint);
        var synced = Path.Combine(mount.Scratch, "synced");
        var load = Shell.TryAsync(
            $"for i in $(seq 1000); do head -c $((i * 3333)) /dev/urandom >n$i && sync n$i && sha256sum n$i >>{synced} "
            + $"|| exit 1; test $i -lt 12 || rm n$((i - 9)) || exit 1; done",
            mount.MountPoint);
        await Shell.RunAsync($"until test -f {synced} && test $(wc -l <{synced}) -gt 40; do :; done");
        await mount.Daemon.KillAsync();
        await load;
        await Shell.RunAsync(loss, mount.DataDirectory);
        await mount.StartDaemonAsync();
        await AssertMadeAsync(mount);
        await Shell.RunAsync($"cd d && {Check}", mount.MountPoint);
        await Shell.RunAsync($"tail -n 7 {synced} | sha256sum -c --quiet", mount.MountPoint);
        await AssertSpaceAsync(mount);
    }

    private static async Task AssertMadeAsync(DevMount mount)
    {
        var log = await Shell.RunAsync("cat cfs.log", mount.DataDirectory);
        Assert.Contains("It is made anew from the segments and the metadata", log, StringComparison.Ordinal);
        Assert.Contains("; 0 items were not found", log, StringComparison.Ordinal);
    }

    // All that is deleted can be used again, and what is used again was free.
    private static async Task AssertSpaceAsync(DevMount mount)
    {
        await Shell.RunAsync("rm -f n* d/f* && head -c 45M /dev/urandom >again && sync .", mount.MountPoint);
        await Shell.RunAsync("grep -v '  f' sums >left && cd d && sha256sum -c --quiet ../left", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }
}
