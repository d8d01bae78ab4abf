using ClaudeFs.Fuse.Session;
using ClaudeFs.NullDaemon;

namespace ClaudeFs.Fuse.Tests.Mounts;

/// <summary>What cannot be mounted is refused in one line, before anything is done.</summary>
[Collection(MountCollection.Name)]
public class RefusalTests
{
    [MountFact]
    public async Task A_mount_point_that_is_missing_no_directory_or_not_empty_is_refused()
    {
        using var directory = new TemporaryDirectory();
        var file = Path.Combine(directory.Path, "f");
        await File.WriteAllTextAsync(file, "");
        Assert.Contains(
            "does not exist", await RefusalAsync(Path.Combine(directory.Path, "none")), StringComparison.Ordinal);
        Assert.Contains("is not a directory", await RefusalAsync(file), StringComparison.Ordinal);
        Assert.Contains("is not empty", await RefusalAsync(directory.Path), StringComparison.Ordinal);
        Assert.Null(MountTable.FindTopmost(directory.Path));
    }

    [MountFact]
    public async Task A_directory_that_is_not_empty_is_hidden_when_allowed()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(Path.Combine(directory.Path, "f"), "");
        var link = directory.Path + "-link";
        File.CreateSymbolicLink(link, directory.Path);
        try
        {
            var files = new MemoryFileSystem(TimeProvider.System, default, default);
            await using (var mount = await FuseMount.MountAsync(
                link, files, new FuseOptions { AllowNonEmpty = true }, MemoryMount.Services))
            {
                Assert.Equal(directory.Path, mount.Path);
                Assert.Empty(Directory.GetFiles(directory.Path));
                Assert.Equal(7, mount.Protocol.Major);
            }

            Assert.Single(Directory.GetFiles(directory.Path));
        }
        finally
        {
            File.Delete(link);
        }
    }

    [MountFact]
    public async Task A_directory_that_is_a_mount_point_is_refused()
    {
        await using var mount = await MemoryMount.StartAsync();
        Assert.Contains(
            "is a mount point already (fuse.claudefs)", await RefusalAsync(mount.Path), StringComparison.Ordinal);
        Assert.Contains("is a mount point already (proc)", await RefusalAsync("/proc"), StringComparison.Ordinal);
        Assert.False(mount.Mount.Completion.IsCompleted);
    }

    [MountFact]
    public async Task A_read_only_mount_takes_no_writes()
    {
        var files = new MemoryFileSystem(TimeProvider.System, default, default);
        await using var mount = await MemoryMount.StartAsync(files, new FuseOptions { IsReadOnly = true });
        Assert.ThrowsAny<IOException>(() => File.WriteAllText(mount.At("f"), ""));
    }

    private static async Task<string> RefusalAsync(string path)
    {
        var files = new MemoryFileSystem(TimeProvider.System, default, default);
        var refused = await Assert.ThrowsAsync<FuseMountException>(
            () => FuseMount.MountAsync(path, files, new FuseOptions(), MemoryMount.Services));
        Assert.DoesNotContain('\n', refused.Message);
        return refused.Message;
    }
}
