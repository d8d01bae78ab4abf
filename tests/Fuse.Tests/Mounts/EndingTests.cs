using System.Diagnostics;
using ClaudeFs.Fuse.Session;
using ClaudeFs.NullDaemon;

namespace ClaudeFs.Fuse.Tests.Mounts;

[Collection(MountCollection.Name)]
public class EndingTests
{
    private static readonly string NullDaemon = Path.Combine(AppContext.BaseDirectory, "cfs-null.dll");

    [MountFact]
    public async Task Umount_from_outside_ends_the_mount()
    {
        await using var mount = await MemoryMount.StartAsync();
        Shell.Run($"umount '{mount.Path}'");
        Assert.Equal(FuseEndReason.Unmounted, await mount.Mount.Completion.WaitAsync(MemoryMount.Patience));
    }

    [MountFact]
    public async Task A_busy_mount_is_not_unmounted_and_its_users_are_named()
    {
        await using var mount = await MemoryMount.StartAsync();
        await File.WriteAllTextAsync(mount.At("f"), "");
        using var user = Shell.Start($"exec 5< '{mount.At("f")}'; echo open; exec sleep 600");
        Assert.Equal("open", await user.StandardOutput.ReadLineAsync());
        Assert.Equal(Primitives.FsError.EBUSY, await mount.Mount.TryUnmountAsync());
        var users = mount.Mount.FindUsers();
        Assert.Contains(users, each => each.ProcessId == user.Id && each.Paths.Contains(mount.At("f")));
        Assert.Equal("", await File.ReadAllTextAsync(mount.At("f"))); // it goes on

        await EndAsync(user);
        Assert.Equal(Primitives.FsError.None, await mount.Mount.TryUnmountAsync());
        Assert.Equal(FuseEndReason.Stopped, await mount.Mount.Completion);
    }

    [MountFact]
    public async Task Disposal_detaches_a_busy_mount()
    {
        await using var mount = await MemoryMount.StartAsync();
        await File.WriteAllTextAsync(mount.At("f"), "");
        using var open = File.OpenHandle(mount.At("f"));
        await mount.Mount.DisposeAsync().AsTask().WaitAsync(MemoryMount.Patience);
        Assert.Null(MountTable.FindTopmost(mount.Path));
        Assert.ThrowsAny<IOException>(() => RandomAccess.Read(open, new byte[1], 0));
    }

    [MountFact]
    public async Task After_a_lazy_umount_files_still_open_are_served_until_they_are_closed()
    {
        await using var mount = await MemoryMount.StartAsync();
        await File.WriteAllTextAsync(mount.At("f"), "content");
        using (var open = File.OpenHandle(mount.At("f")))
        {
            Shell.Run($"umount -l '{mount.Path}'");
            var bytes = new byte[7];
            Assert.Equal(7, await RandomAccess.ReadAsync(open, bytes, 0));
            Assert.False(mount.Mount.Completion.IsCompleted);
        }

        Assert.Equal(FuseEndReason.Unmounted, await mount.Mount.Completion.WaitAsync(MemoryMount.Patience));
    }

    [MountFact]
    public async Task A_copy_in_another_namespace_does_not_keep_an_unmounted_mount_alive()
    {
        await using var mount = await MemoryMount.StartAsync();
        using var other = Shell.Start("exec unshare --mount --propagation private sh -c 'echo copied; exec sleep 600'");
        Assert.Equal("copied", await other.StandardOutput.ReadLineAsync());
        Shell.Run($"umount '{mount.Path}'");
        Assert.Equal(FuseEndReason.Unmounted, await mount.Mount.Completion.WaitAsync(MemoryMount.Patience));
        await EndAsync(other);
    }

    [MountFact]
    public async Task A_dead_mount_of_a_process_that_was_killed_is_replaced()
    {
        using var directory = new TemporaryDirectory();
        using (var daemon = Start("dotnet", NullDaemon, directory.Path))
        {
            Assert.Equal("mounted", await daemon.StandardOutput.ReadLineAsync());
            await EndAsync(daemon);
        }

        try
        {
            Assert.ThrowsAny<IOException>(() => Directory.GetFiles(directory.Path)); // nobody hangs on it
            var files = new MemoryFileSystem(TimeProvider.System, default, default);
            await using var mount =
                await FuseMount.MountAsync(directory.Path, files, new FuseOptions(), MemoryMount.Services);
            Assert.Empty(Directory.GetFiles(directory.Path));
        }
        finally
        {
            if (MountTable.FindTopmost(directory.Path) is not null) Shell.Run($"umount -l '{directory.Path}'");
        }
    }

    [MountFact]
    public async Task SIGTERM_ends_the_daemon_and_its_mount()
    {
        using var directory = new TemporaryDirectory();
        using var daemon = Start("dotnet", NullDaemon, directory.Path);
        Assert.Equal("mounted", await daemon.StandardOutput.ReadLineAsync());
        Shell.Run($"kill -TERM {daemon.Id}");
        await daemon.WaitForExitAsync().WaitAsync(MemoryMount.Patience);
        Assert.Equal((0, null), (daemon.ExitCode, MountTable.FindTopmost(directory.Path)));
    }

    [MountFact]
    public async Task A_user_mounts_through_fusermount3()
    {
        Assert.True(NeedsFactAttribute.IsThere("fusermount3"), "fusermount3 (package fuse3) is missing");
        using var directory = new TemporaryDirectory();
        Shell.Run($"chown 65534:65534 '{directory.Path}'");

        // In a mount namespace of its own, with a device that everybody may open, as systems have it.
        using var device = new TemporaryDirectory();
        const string AsUser = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        using var daemon = Start("unshare", "--mount", "sh", "-ec",
            $"mknod -m 666 {device.Path}/fuse c 10 229; mount --bind {device.Path}/fuse /dev/fuse; "
            + $"exec {AsUser} dotnet {NullDaemon} {directory.Path}");
        try
        {
            var said = await daemon.StandardOutput.ReadLineAsync();
            Assert.True(said == "mounted", said ?? await daemon.StandardError.ReadToEndAsync());
            var work = $"cd {directory.Path}; echo x > f; [ $(stat -c %u f) = 65534 ]";
            Shell.Run($"nsenter -t {daemon.Id} -m {AsUser} sh -ec '{work}'");
            Shell.Run($"kill -TERM {daemon.Id}");
            await daemon.WaitForExitAsync().WaitAsync(MemoryMount.Patience);
            Assert.Equal(0, daemon.ExitCode);
        }
        finally
        {
            await EndAsync(daemon);
        }
    }

    private static Process Start(string program, params string[] arguments) => Process.Start(
        new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync().WaitAsync(MemoryMount.Patience);
    }
}
