using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.TestKit;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// Two processes mount one file system: what close() in one has answered, open and stat in the other see.
/// </summary>
public sealed class TwoMountsTests
{
    [Fact]
    public async Task What_one_mount_closed_the_other_sees()
    {
        await using var a = await DevMount.StartAsync("512M");
        await using var b = await a.MountAgainAsync("b");
        for (var i = 0; i < 60; i++)
        {
            var (writer, reader) = i % 2 == 0 ? (a.MountPoint, b.MountPoint) : (b.MountPoint, a.MountPoint);
            var text = $"round {i} " + new string('x', i * 997);
            await File.WriteAllTextAsync($"{writer}/shared", text);
            Assert.Equal(text.Length, new FileInfo($"{reader}/shared").Length);
            Assert.Equal(text, await File.ReadAllTextAsync($"{reader}/shared"));

            File.WriteAllText($"{writer}/new{i}", "new");
            Assert.True(File.Exists($"{reader}/new{i}"), $"new{i} made in {writer} is not seen in {reader}");
            File.Move($"{writer}/new{i}", $"{writer}/moved{i}");
            Assert.False(File.Exists($"{reader}/new{i}"), $"new{i}, renamed in {writer}, is still seen in {reader}");
            Assert.True(File.Exists($"{reader}/moved{i}"));
            File.SetUnixFileMode($"{writer}/moved{i}", UnixFileMode.UserRead);
            Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode($"{reader}/moved{i}"));
            File.Delete($"{writer}/moved{i}");
            Assert.False(File.Exists($"{reader}/moved{i}"));
        }
    }

    [Fact]
    public async Task A_file_open_in_one_mount_outlives_its_removal_in_the_other()
    {
        await using var a = await DevMount.StartAsync("512M");
        await using var b = await a.MountAgainAsync("b");
        var data = new byte[500_000];
        new Random(3).NextBytes(data);
        await File.WriteAllBytesAsync($"{a.MountPoint}/f", data);
        await using (var open = File.OpenRead($"{b.MountPoint}/f"))
        {
            File.Delete($"{a.MountPoint}/f");
            var read = new byte[data.Length];
            await open.ReadExactlyAsync(read);
            Assert.Equal(data, read);
        }
    }

    // With CLAUDEFS_TEST_LONG=1: fsync waits for its silo for 30 s.
    [Fact]
    public async Task What_a_mount_has_written_waits_for_a_silo_that_is_away_for_longer_than_fsync_waits()
    {
        if (!TestLength.IsLong) return;
        await using var a = await DevMount.StartAsync("512M");
        await using var b = await a.MountAgainAsync("b");
        var (written, killed) = (Path.Combine(a.Scratch, "written"), Path.Combine(a.Scratch, "killed"));
        var writing = Shell.TryAsync($"""
            python3 -c '
            import errno, os, time
            file = os.open("file", os.O_CREAT | os.O_WRONLY)
            os.write(file, b"a" * 1000000)
            open("{written}", "w").close()
            while not os.path.exists("{killed}"): time.sleep(0.05)
            os.write(file, b"b" * 1000000)
            try: os.fsync(file)
            except OSError as error: print(errno.errorcode[error.errno])'
            """, b.MountPoint);
        await Shell.WaitAsync($"test -e '{written}'", TimeSpan.FromSeconds(30));
        await a.KillAsync();
        await File.WriteAllTextAsync(killed, "");
        Assert.Equal("ETIMEDOUT\n", (await writing).Output);
        await a.StartDaemonAsync();
        await Shell.RunAsync("sync file", b.MountPoint);
        await Shell.RunAsync(
            "test $(stat -c %s file) = 2000000; test $(tr -d a <file | wc -c) = 1000000", a.MountPoint);
        await b.UnmountAsync();
    }

    [Fact]
    public async Task A_killed_second_mount_does_not_stop_the_first_for_longer_than_its_term()
    {
        await using var a = await DevMount.StartAsync("512M");
        await using var b = await a.MountAgainAsync("b");
        await File.WriteAllTextAsync($"{b.MountPoint}/f", "from b");
        await b.KillAsync();
        await Shell.RunAsync("timeout 60 sh -c 'echo from a >f && cat f'", a.MountPoint);
        Assert.Equal("from a\n", await File.ReadAllTextAsync($"{a.MountPoint}/f"));
    }
}
