using ClaudeFs.Mount.Tests.Harness;

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
