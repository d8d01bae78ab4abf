using ClaudeFs.Fuse.Session;
using ClaudeFs.NullDaemon;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Tests.Mounts;

/// <summary>Reads and fsyncs that do not come back.</summary>
[Collection(MountCollection.Name)]
public class WaitingTests
{
    [MountFact]
    public async Task A_process_in_an_fsync_can_be_killed()
    {
        var files = new StuckFileSystem();
        await using var mount = await MemoryMount.StartAsync(files, new FuseOptions());
        await File.WriteAllTextAsync(mount.At("f"), "content");
        using var writer = Shell.Start($"exec dd if=/dev/zero of='{mount.At("g")}' count=1 conv=fsync");
        await files.Waiting.Task.WaitAsync(MemoryMount.Patience);
        writer.Kill();
        await writer.WaitForExitAsync().WaitAsync(MemoryMount.Patience);
        Assert.NotEqual(0, writer.ExitCode);
        Assert.True(mount.CountOf("INTERRUPT") >= 1);
    }

    [MountFact]
    public async Task A_read_past_its_deadline_fails_and_the_mount_goes_on()
    {
        var files = new StuckFileSystem();
        await using var mount = await MemoryMount.StartAsync(
            files, new FuseOptions { RequestTimeout = TimeSpan.FromMilliseconds(500) });
        await File.WriteAllTextAsync(mount.At("f"), "content");
        await using var loop = new ThreadLoopFactory().Start("reader");
        var failed =
            await loop.RunAsync(() => Record.Exception(() => File.ReadAllText(mount.At("f")))).WaitAsync(
                MemoryMount.Patience);
        Assert.IsAssignableFrom<IOException>(failed);
        await File.WriteAllTextAsync(mount.At("g"), "content");
        Assert.Equal(["f", "g"], Directory.EnumerateFiles(mount.Path).Select(Path.GetFileName).Order());
    }

    [MountFact]
    public async Task Disposal_does_not_wait_for_a_read_that_is_stuck()
    {
        var files = new StuckFileSystem();
        await using var mount = await MemoryMount.StartAsync(files, new FuseOptions());
        await File.WriteAllTextAsync(mount.At("f"), "content");
        using var reader = Shell.Start($"exec dd if='{mount.At("f")}' of=/dev/null iflag=direct");
        await files.Waiting.Task.WaitAsync(MemoryMount.Patience);
        await mount.Mount.DisposeAsync().AsTask().WaitAsync(MemoryMount.Patience);
        await reader.WaitForExitAsync().WaitAsync(MemoryMount.Patience);
        Assert.NotEqual(0, reader.ExitCode);
    }

    /// <summary>Reads and fsyncs wait until they are cancelled.</summary>
    private sealed class StuckFileSystem() : MemoryFileSystem(TimeProvider.System, TimeSpan.Zero, TimeSpan.Zero)
    {
        public TaskCompletionSource Waiting { get; } = new();

        public override async ValueTask<FsResult<int>> ReadAsync(
            InodeId inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Waiting.TrySetResult();
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            return 0;
        }

        public override async ValueTask<FsResult<Nothing>> SyncAsync(
            InodeId inode, bool dataOnly, CancellationToken cancellationToken)
        {
            Waiting.TrySetResult();
            await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            return Nothing.Value;
        }
    }
}
