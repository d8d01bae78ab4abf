using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// What lies in a data directory: an independent reader, written from docs/spec, gets out what was put in; the data
/// directory of an earlier release opens.
/// </summary>
public sealed class FormatTests
{
    private const int KillsMax = 10;

    private static string Formats { get; } = Path.Combine(AppContext.BaseDirectory, "Formats");

    private static string Tree => $"python3 '{Formats}/tree.py'";

    public static TheoryData<string> Releases =>
        [.. Directory.GetFiles(Formats, "data-*.tar.xz").Select(path => Path.GetFileName(path)[..^".tar.xz".Length])];

    [Fact]
    public async Task An_independent_reader_extracts_what_was_put_in()
    {
        await using var mount = await DevMount.StartAsync("64M");
        var local = Path.Combine(mount.Scratch, "local");
        await Shell.RunAsync($"mkdir '{local}'; for at in '{local}' '{mount.MountPoint}'; do {Tree} make $at 1; done");
        await mount.Daemon.UnmountAsync();
        Assert.Contains(" 0 appends", await ReadAsync(mount, local), StringComparison.Ordinal);

        await mount.StartDaemonAsync();
        await Shell.RunAsync($"for at in '{local}' '{mount.MountPoint}'; do {Tree} make $at 2; done");
        var said = await ReadKilledAsync(mount, local);
        for (var kills = 1; said.Contains(" 0 appends", StringComparison.Ordinal); kills++)
        {
            // The tables had followed just before the kill: there was no log to replay.
            Assert.True(kills < KillsMax, $"{kills} kills left no log to replay: {said}");
            await mount.StartDaemonAsync();
            said = await ReadKilledAsync(mount, local);
        }
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public async Task A_data_directory_of_an_earlier_release_opens(string release)
    {
        await using var mount = DevMount.Prepare();
        var data = mount.DataDirectory;
        await Shell.RunAsync($"mkdir '{data}'; tar -xJf '{Formats}/{release}.tar.xz' -C '{data}'");
        await mount.AssertCleanAsync();
        await mount.StartDaemonAsync();
        await AssertSameAsync(mount.MountPoint, $"{Formats}/{release}.list");
        await mount.RestartAsync();
        await AssertSameAsync(mount.MountPoint, $"{Formats}/{release}.list");
        await Shell.RunAsync("echo more >new && cat a/size-4096 >>new && rm -r many && mkdir many", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }

    private static async Task<string> ReadKilledAsync(DevMount mount, string local)
    {
        await Shell.RunAsync($"{Tree} settle '{mount.MountPoint}'; kill -9 {mount.Daemon.ProcessId}");
        await mount.Daemon.WaitForExitAsync();
        return await ReadAsync(mount, local);
    }

    /// <summary>Has the reader extract everything, and compares that with what was made.</summary>
    private static async Task<string> ReadAsync(DevMount mount, string expected)
    {
        var before = await Shell.RunAsync("cksum *", mount.DataDirectory);
        var extracted = Path.Combine(mount.Scratch, "extracted");
        await Shell.RunAsync($"rm -rf '{extracted}'");
        var said = await Shell.RunAsync($"python3 '{Formats}/reader.py' '{mount.DataDirectory}' '{extracted}'");
        var list = Path.Combine(mount.Scratch, "list");
        await Shell.RunAsync($"{Tree} list '{expected}' >'{list}'");
        await AssertSameAsync(extracted, list);
        Assert.Equal(before, await Shell.RunAsync("cksum *", mount.DataDirectory));
        return said;
    }

    private static async Task AssertSameAsync(string tree, string list)
    {
        var difference = await Shell.TryAsync($"{Tree} list '{tree}' | diff '{list}' -");
        Assert.True(difference.ExitCode == 0, difference.Output + difference.Error);
    }
}
