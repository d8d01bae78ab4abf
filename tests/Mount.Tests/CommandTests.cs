using System.Text.Json;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>The commands as people use them: right, and wrong in every way that has a line of its own.</summary>
public sealed class CommandTests
{
    private static string Cfs => $"'{Daemon.Program}'";

    [Theory]
    [InlineData("dev", 64, "'dev'")]
    [InlineData("dev /tmp/x --size abc", 64, "'abc' is not a size")]
    [InlineData("dev /tmp/x --ack never", 64, "'never' not recognized")]
    [InlineData("dev /tmp/x --listen 0.0.0.0:9200", 64, "not a loopback address")]
    [InlineData("dev /tmp/x --admin nonsense", 64, "'nonsense' is not an address")]
    [InlineData("mount /tmp/x --endpoints nowhere", 64, "'nowhere' is not HOST:PORT")]
    [InlineData("nonsense", 64, "nonsense")]
    [InlineData("status --admin 127.0.0.1:1", 69, "no silo answers at 127.0.0.1:1")]
    [InlineData("umount /tmp", 69, "/tmp is not a mount point of ClaudeFS")]
    [InlineData("sync /tmp", 69, "/tmp is not a mount point of ClaudeFS")]
    [InlineData("fsck --data /nonexistent", 69, "there is no data directory")]
    [InlineData("admin quota", 64, "--user")]
    [InlineData(
        "dev /proc/nowhere/x --data UNUSED --size 64M --listen 127.0.0.1:0 --admin 127.0.0.1:0", 73, "/proc/nowhere/x")]
    public async Task Wrong_use_is_told_in_a_line(string arguments, int code, string text)
    {
        await using var unused = DevMount.Prepare();
        var result = await Shell.TryAsync(
            $"{Cfs} {arguments.Replace("UNUSED", unused.DataDirectory, StringComparison.Ordinal)}");
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(text, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_health_and_metrics_tell_of_a_running_silo()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await Shell.RunAsync("head -c 300000 /dev/urandom >f && cat f >/dev/null && sync f", mount.MountPoint);
        var json = await Shell.RunAsync($"{Cfs} status --json --admin 127.0.0.1:{mount.AdminPort}");
        using var status = JsonDocument.Parse(json);
        Assert.Equal("ok", status.RootElement.GetProperty("state").GetString());
        Assert.True(status.RootElement.GetProperty("space").GetProperty("usedBytes").GetInt64() >= 300_000, json);
        Assert.Equal(2, status.RootElement.GetProperty("metadata").GetProperty("inodes").GetInt64());
        Assert.Equal(mount.MountPoint, status.RootElement.GetProperty("mount").GetProperty("mountPoint").GetString());
        Assert.Contains(
            "state", await Shell.RunAsync($"{Cfs} status --admin 127.0.0.1:{mount.AdminPort}"),
            StringComparison.Ordinal);

        using var http = new HttpClient();
        Assert.Contains(
            "ok", await http.GetStringAsync($"http://127.0.0.1:{mount.AdminPort}/v1/health"), StringComparison.Ordinal);
        var metrics = await http.GetStringAsync($"http://127.0.0.1:{mount.AdminPort}/metrics");
        Assert.Contains("# TYPE claudefs_", metrics, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^claudefs_storage_put_bytes_total [1-9]\d*$", metrics);
        Assert.Matches(@"(?m)^claudefs_storage_space_used_bytes [1-9]\d*$", metrics);
    }

    [Fact]
    public async Task A_daemon_watches_no_directory()
    {
        // Watching the current directory reads all below it, which may be a whole machine with this mount in it.
        await using var mount = await DevMount.StartAsync("64M");
        var links = new DirectoryInfo($"/proc/{mount.Daemon.ProcessId}/fd").GetFiles().Select(link => link.LinkTarget);
        Assert.DoesNotContain("anon_inode:inotify", links);
    }

    [Fact]
    public async Task What_is_in_use_is_refused_and_left_alone()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await File.WriteAllTextAsync($"{mount.MountPoint}/f", "here");
        var again = await Shell.TryAsync(
            $"{Cfs} dev '{mount.Scratch}/m' --data '{mount.DataDirectory}' "
            + "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
        Assert.Equal(75, again.ExitCode);
        Assert.Contains($"in use by process {mount.Daemon.ProcessId}", again.Error, StringComparison.Ordinal);

        var busy = await Shell.TryAsync(
            $"{Cfs} dev '{mount.MountPoint}' --data '{mount.Scratch}/other' --size 64M "
            + "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
        Assert.NotEqual(0, busy.ExitCode);
        Assert.Contains(mount.MountPoint, busy.Error, StringComparison.Ordinal);

        var full = await Shell.TryAsync(
            $"mkdir '{mount.Scratch}/full' && touch '{mount.Scratch}/full/x' && "
            + $"{Cfs} dev '{mount.Scratch}/full' --data '{mount.Scratch}/other' --size 64M "
            + "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
        Assert.NotEqual(0, full.ExitCode);
        Assert.Contains("empty", full.Error, StringComparison.Ordinal);

        var port = await Shell.TryAsync(
            $"{Cfs} dev '{mount.Scratch}/m' --data '{mount.Scratch}/other' --size 64M "
            + $"--listen 127.0.0.1:{mount.Port} --admin 127.0.0.1:0");
        Assert.Equal(75, port.ExitCode);
        Assert.Contains($"127.0.0.1:{mount.Port}", port.Error, StringComparison.Ordinal);
        Assert.Equal("here", await File.ReadAllTextAsync($"{mount.MountPoint}/f"));
    }

    [Fact]
    public async Task Background_returns_when_mounted_and_umount_ends_it()
    {
        var mount = DevMount.Prepare();
        await using (mount)
        {
            await Shell.RunAsync(
                $"{Cfs} dev '{mount.MountPoint}' --data '{mount.DataDirectory}' --size 256M --background "
                + "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
            await Shell.RunAsync(
                $"echo kept >'{mount.MountPoint}/f' && {Cfs} sync '{mount.MountPoint}' "
                + $"&& {Cfs} umount '{mount.MountPoint}'");
            Assert.False(File.Exists($"{mount.MountPoint}/f"));
            // The daemon has given the data directory back.
            await Shell.RunAsync($"flock -n '{mount.DataDirectory}/lock' true");
            await mount.AssertCleanAsync();

            var failed = await Shell.TryAsync(
                $"touch '{mount.Scratch}/file'; "
                + $"{Cfs} dev '{mount.Scratch}/file' --data '{mount.DataDirectory}' --background "
                + "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
            Assert.NotEqual(0, failed.ExitCode);
            Assert.Contains($"{mount.Scratch}/file", failed.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_first_signal_waits_for_open_files_and_the_second_detaches()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await using (var open = File.Create($"{mount.MountPoint}/f"))
        {
            mount.Daemon.Signal("TERM");
            await mount.Daemon.WaitForLineAsync($"still open: ");
            mount.Daemon.Signal("TERM");
            Assert.Equal(0, await mount.Daemon.WaitForExitAsync());
        }
    }

    [Fact]
    public async Task A_larger_size_grows_the_file_system_and_a_smaller_one_is_refused()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await Shell.RunAsync("head -c 100M /dev/urandom >f && sha256sum f >sum", mount.MountPoint);
        var before = new DriveInfo(mount.MountPoint).TotalSize;
        await mount.Daemon.UnmountAsync();
        var smaller = await Shell.TryAsync(
            $"{Cfs} dev '{mount.MountPoint}' --data '{mount.DataDirectory}' --size 128M "
            + "--listen 127.0.0.1:0 --admin 127.0.0.1:0");
        Assert.NotEqual(0, smaller.ExitCode);
        Assert.Contains("shrink", smaller.Error, StringComparison.Ordinal);

        mount.Size = "512M";
        await mount.StartDaemonAsync();
        Assert.True(new DriveInfo(mount.MountPoint).TotalSize > before * 3 / 2);
        await Shell.RunAsync("sha256sum -c sum && head -c 200M /dev/urandom >g && sha256sum -c sum", mount.MountPoint);
    }

    [Fact]
    public async Task A_full_file_system_says_so_and_stays_readable()
    {
        await using var mount = await DevMount.StartAsync("128M");
        await Shell.RunAsync("head -c 30M /dev/urandom >kept && sha256sum kept >sum && sync .", mount.MountPoint);
        var full = await Shell.TryAsync("head -c 300M /dev/urandom >big", mount.MountPoint);
        Assert.NotEqual(0, full.ExitCode);
        Assert.Contains("No space left on device", full.Error, StringComparison.Ordinal);
        await Shell.RunAsync(
            "sha256sum -c sum && rm big && head -c 30M /dev/urandom >again && sync . && sha256sum -c sum",
            mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }

    [Fact]
    public async Task Hard_quotas_are_kept()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await Shell.RunAsync(
            $"{Cfs} admin quota --user 1234 --bytes 5M --inodes 20 --admin 127.0.0.1:{mount.AdminPort}");
        await Shell.RunAsync("mkdir d && chown 1234:1234 d", mount.MountPoint);
        const string As = "setpriv --reuid 1234 --regid 1234 --clear-groups";
        var bytes = await Shell.TryAsync(
            $"{As} sh -c 'head -c 20M /dev/urandom >d/big && sync d/big'", mount.MountPoint);
        Assert.NotEqual(0, bytes.ExitCode);
        Assert.Contains("quota exceeded", bytes.Error, StringComparison.OrdinalIgnoreCase);
        var inodes = await Shell.TryAsync(
            $"rm -f d/big; {As} sh -c 'for i in $(seq 30); do touch d/f$i || exit 9; done'", mount.MountPoint);
        Assert.Equal(9, inodes.ExitCode);
        Assert.Contains("quota exceeded", inodes.Error, StringComparison.OrdinalIgnoreCase);
        await Shell.RunAsync("for i in $(seq 40); do touch d/root$i; done", mount.MountPoint);
    }

    // In a mount namespace of its own, with a /dev/fuse for everybody as on a desktop. The program's folder may be
    // closed to others: hence the capability.
    [Fact]
    public async Task A_user_mounts_a_file_system_of_his_own()
    {
        await using var mount = DevMount.Prepare();
        await Shell.RunAsync($$"""
            cd '{{mount.Scratch}}'; mkdir home; chown nobody:nogroup home; mknod fuse c 10 229; chmod 666 fuse
            cat >script <<'END'
            set -eu; mount --bind fuse /dev/fuse
            as() {
                setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps +dac_read_search \
                    --ambient-caps +dac_read_search env HOME="$PWD/home" "$@"
            }
            as {{Cfs}} dev home/mnt --size 64M --listen 127.0.0.1:0 --admin 127.0.0.1:{{mount.AdminPort}} --background
            as sh -c 'mkdir home/mnt/d && echo mine >home/mnt/d/f && test "$(stat -c %U:%G home/mnt)" = nobody:nogroup'
            as {{Cfs}} umount home/mnt
            as {{Cfs}} fsck --data home/.local/share/claudefs
            END
            unshare --mount bash script
            """);
    }

    [Fact]
    public async Task Doctor_and_version_answer()
    {
        var doctor = await Shell.TryAsync($"{Cfs} doctor --json");
        using var findings = JsonDocument.Parse(doctor.Output);
        var names = findings.RootElement.EnumerateArray().Select(f => f.GetProperty("name").GetString()).ToHashSet();
        Assert.Superset(
            new HashSet<string?> { "/dev/fuse", "FUSE protocol", "passthrough", "io_uring", "port 9200", "space" },
            names);
        Assert.Matches(@"^\d+\.\d+\.\d+", await Shell.RunAsync($"{Cfs} --version"));
    }

    [Fact]
    public async Task A_dead_mount_answers_at_once_and_is_replaced()
    {
        await using var mount = await DevMount.StartAsync("256M");
        await Shell.RunAsync("echo kept >f && sync f", mount.MountPoint);
        await mount.Daemon.KillAsync();
        var dead = await Shell.TryAsync($"timeout 10 cat '{mount.MountPoint}/f'");
        Assert.Contains("Transport endpoint is not connected", dead.Error, StringComparison.Ordinal);
        await mount.StartDaemonAsync();
        Assert.Equal("kept\n", await File.ReadAllTextAsync($"{mount.MountPoint}/f"));
    }
}
