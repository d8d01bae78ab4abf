using System.Globalization;
using System.Text.Json;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>`cfs scrub` of a daemon in use: clean under load, and what the disk has changed is named.</summary>
public sealed class ScrubTests
{
    private static string Cfs => $"'{Daemon.Program}'";

    [Fact]
    public async Task Under_load_it_is_clean_and_keeps_its_rate()
    {
        await using var mount = await DevMount.StartAsync("512M");
        await Shell.RunAsync(
            "head -c 40M /dev/urandom >f; for i in $(seq 200); do echo $i >s$i; done; sync .", mount.MountPoint);
        var load = Shell.RunAsync(
            "for i in $(seq 100000); do head -c 300000 /dev/urandom >n$((i % 50)); echo $i >s$((i % 200)); "
            + "mv s$((i % 200)) t; mv t s$((i % 200)); test ! -e stop || exit 0; done", mount.MountPoint);
        var result = await ScrubAsync(mount, "--rate 20M");
        await Shell.RunAsync("touch stop", mount.MountPoint);
        await load;
        Assert.Equal(0, result.GetProperty("findingCount").GetInt32());
        var bytes = result.GetProperty("bytes").GetInt64();
        Assert.True(bytes >= 40 << 20, $"{bytes} bytes were read");
        var elapsed = result.GetProperty("ended").GetDateTimeOffset() - result.GetProperty("started")
            .GetDateTimeOffset();
        Assert.True(elapsed.TotalSeconds >= bytes / 20e6 * 0.8, $"{bytes} bytes in {elapsed}: above the rate");
    }

    [Fact]
    public async Task What_the_disk_changed_is_named_with_file_and_offset_while_the_rest_is_served()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(
            "mkdir d; head -c 300000 /dev/urandom >d/bad; head -c 300000 /dev/urandom >good; cp good ..; "
            + "for i in $(seq 500); do echo marker-$i >s$i; done; sync .", mount.MountPoint);
        Assert.Equal(0, (await ScrubAsync(mount)).GetProperty("findingCount").GetInt32());
        var marker = (await Shell.RunAsync("head -c 16 d/bad | od -An -tx1 | tr -d ' \\n'", mount.MountPoint)).Trim();
        var item = Find("device.cfs", Convert.FromHexString(marker), mount);
        var page = Find("meta.db", "marker-499"u8.ToArray(), mount) / 8192 * 8192;
        await Garble("device.cfs", item, mount);
        await Garble("device.cfs", 512 << 10, mount);
        await Garble("meta.db", page, mount);

        var scrub = await Shell.TryAsync($"{Cfs} scrub --rate 0 '{mount.MountPoint}'");
        Assert.Equal(1, scrub.ExitCode);
        foreach (var (file, offset) in new[] { ("device.cfs", item), ("device.cfs", 512 << 10), ("meta.db", page) })
        {
            Assert.Contains(
                string.Create(CultureInfo.InvariantCulture, $"{file} at offset {offset}: "), scrub.Output,
                StringComparison.Ordinal);
        }

        Assert.Contains("error: /d/bad, offset 0: The content cannot be read: EIO", scrub.Output);
        Assert.DoesNotContain("/good", scrub.Output, StringComparison.Ordinal);
        await Shell.RunAsync("cmp good ../good; echo new >new; sync new", mount.MountPoint);
        await Shell.RunAsync(
            $"{Cfs} status --admin 127.0.0.1:{mount.AdminPort} | tr -d '\\n' | grep -E '[1-9][0-9]* faults: see'");
        await Shell.RunAsync(
            $"curl -s http://127.0.0.1:{mount.AdminPort}/metrics | grep -E '^claudefs_scrub_findings [1-9]'");
    }

    [Fact]
    public async Task The_schedule_runs_it_and_remembers_over_a_restart()
    {
        await using var mount = await DevMount.StartAsync("64M", "--scrub-every", "1s");
        await Shell.RunAsync("head -c 300000 /dev/urandom >f; sync .", mount.MountPoint);
        await WaitForStatusAsync(mount, "\"last\":{\"started\"");
        await mount.Daemon.UnmountAsync();
        var record = JsonDocument.Parse(await File.ReadAllBytesAsync($"{mount.DataDirectory}/scrub.json")).RootElement;

        await using var other = await Daemon.StartAsync(
            mount.MountPoint, "dev", mount.MountPoint, "--data", mount.DataDirectory, "--scrub-every", "9d",
            "--listen", "127.0.0.1:0", "--admin", $"127.0.0.1:{mount.AdminPort}");
        var status = JsonDocument.Parse(await Shell.RunAsync(
            $"{Cfs} status --json --admin 127.0.0.1:{mount.AdminPort}")).RootElement.GetProperty("scrub");
        var ended = record.GetProperty("ended").GetDateTimeOffset();
        Assert.Equal(ended, status.GetProperty("last").GetProperty("ended").GetDateTimeOffset());
        Assert.Equal(ended + TimeSpan.FromDays(9), status.GetProperty("due").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_second_one_is_followed_and_one_that_is_stopped_says_so()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync("head -c 5M /dev/urandom >f; sync .", mount.MountPoint);
        var first = Shell.TryAsync($"{Cfs} scrub --rate 1K '{mount.MountPoint}'");
        await WaitForStatusAsync(mount, "\"progress\":{\"started\"");
        var second = Shell.TryAsync($"{Cfs} scrub '{mount.MountPoint}' 2>second", mount.Scratch);
        await Shell.WaitAsync($"grep -q 'under way already' '{mount.Scratch}/second'", TimeSpan.FromMinutes(1));
        await WaitForStatusAsync(mount, "\"doneBytes\":[1-9]");
        await Shell.RunAsync(
            $"until {Cfs} scrub --stop --data '{mount.DataDirectory}'; do :; done");
        var (ended, followed) = (await first, await second);
        Assert.Equal(74, ended.ExitCode);
        Assert.Contains("the scrub did not end: it was stopped", ended.Error, StringComparison.Ordinal);
        Assert.Equal(74, followed.ExitCode);
        await mount.Daemon.UnmountAsync();
        var none = await Shell.TryAsync($"{Cfs} scrub --data '{mount.DataDirectory}'");
        Assert.Equal(69, none.ExitCode);
        Assert.Contains("cfs fsck --data", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_looks_at_the_tables_leaves_their_locks()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync("echo x >f; sync f", mount.MountPoint);
        await ScrubAsync(mount);
        foreach (var name in new[] { "meta.db", "blocks.db" })
        {
            // Without this lock (shared, on the database itself) whoever closes it last takes the log of it away.
            await Shell.RunAsync(
                $"grep -E \"POSIX .* READ +{mount.Daemon.ProcessId} .*:$(stat -c %i {name}) \" /proc/locks",
                mount.DataDirectory);
        }
    }

    [Fact]
    public async Task A_program_that_reads_the_tables_for_long_stops_nobody()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync("echo x >f; sync f", mount.MountPoint);
        var reader = Shell.RunAsync(
            "python3 -c \"import sqlite3; c = sqlite3.connect('meta.db').cursor(); "
            + "c.execute('begin'); c.execute('select * from inode').fetchall(); open('../scratch/reads', 'w'); "
            + "open('../scratch/end').read()\"", mount.DataDirectory);
        await Shell.RunAsync("mkfifo end; until test -e reads; do :; done", mount.Scratch);

        // Longer than SQLite waits for a reader.
        await Shell.RunAsync(
            "end=$((SECONDS + 12)); while test $SECONDS -lt $end; do echo $SECONDS >f; sync f; done",
            mount.MountPoint);
        await Shell.RunAsync($"{Cfs} status --admin 127.0.0.1:{mount.AdminPort}");
        await mount.CrashAndRestartAsync();
        await Shell.RunAsync("test $(cat f) -ge 6", mount.MountPoint);
        await Shell.RunAsync(": >end", mount.Scratch);
        await reader;
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }

    private static async Task<JsonElement> ScrubAsync(DevMount mount, string options = "--rate 0")
    {
        var scrub = await Shell.TryAsync($"{Cfs} scrub --json {options} '{mount.MountPoint}'");
        Assert.True(scrub.ExitCode == 0, scrub.Output + scrub.Error);
        return JsonDocument.Parse(scrub.Output).RootElement;
    }

    private static Task<string> WaitForStatusAsync(DevMount mount, string pattern) => Shell.RunAsync(
        $"until curl -s http://127.0.0.1:{mount.AdminPort}/v1/scrub | grep -qE '{pattern}'; do :; done",
        bound: TimeSpan.FromMinutes(1));

    private static long Find(string file, byte[] content, DevMount mount)
    {
        var at = File.ReadAllBytes(Path.Combine(mount.DataDirectory, file)).AsSpan().LastIndexOf(content);
        Assert.True(at >= 0, $"{file} does not hold {Convert.ToHexString(content)}");
        return at;
    }

    // A sector, beside the daemon: what no single flipped bit explains.
    private static async Task Garble(string file, long offset, DevMount mount) => await Shell.RunAsync(
        $"head -c 512 /dev/urandom | dd of={file} bs=512 seek={offset / 512} conv=notrunc,fsync status=none",
        mount.DataDirectory);
}
