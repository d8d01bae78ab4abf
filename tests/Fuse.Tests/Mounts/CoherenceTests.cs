using System.Text;
using ClaudeFs.Client;
using ClaudeFs.Fuse.Session;
using ClaudeFs.NullDaemon;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Tests.Mounts;

/// <summary>Changes behind the kernel's back, with times of an hour: only notifications make it look again.</summary>
[Collection(MountCollection.Name)]
public class CoherenceTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [MountFact]
    public async Task A_change_of_content_shows_after_the_notification_and_not_before()
    {
        await using var mount = await MemoryMount.StartAsync(Hour);
        await File.WriteAllTextAsync(mount.At("f"), "old");
        Assert.Equal("old", await File.ReadAllTextAsync(mount.At("f")));
        var inode = await InodeOfAsync(mount, "f");
        Assert.Equal(3, new FileInfo(mount.At("f")).Length); // asked once after the write; from now on it is known
        await mount.Files.WriteAsync(inode, 0, 0, Encoding.UTF8.GetBytes("newer"), false, Caller.Root, default);
        Assert.Equal(3, new FileInfo(mount.At("f")).Length);

        await mount.Files.InvalidationSink.InvalidateInodeAsync(inode, 0, 0);
        Assert.Equal("newer", await File.ReadAllTextAsync(mount.At("f")));
    }

    [MountFact]
    public async Task A_name_comes_and_goes_with_its_notification()
    {
        await using var mount = await MemoryMount.StartAsync(Hour);
        Assert.False(File.Exists(mount.At("f"))); // absence is kept too
        await mount.Files.MakeAsync(InodeId.Root, FsName.Of("f"), 0x81A4, 0, default, Caller.Root, default);
        Assert.False(File.Exists(mount.At("f")));
        await mount.Files.InvalidationSink.InvalidateEntryAsync(InodeId.Root, FsName.Of("f"));
        Assert.True(File.Exists(mount.At("f")));

        await mount.Files.UnlinkAsync(InodeId.Root, FsName.Of("f"), Caller.Root, default);
        Assert.True(File.Exists(mount.At("f")));
        await mount.Files.InvalidationSink.InvalidateEntryAsync(InodeId.Root, FsName.Of("f"));
        Assert.False(File.Exists(mount.At("f")));
    }

    [MountFact]
    public async Task What_the_kernel_does_not_know_is_invalidated_at_once()
    {
        await using var mount = await MemoryMount.StartAsync(Hour);
        await mount.Files.InvalidationSink.InvalidateInodeAsync(new(4711), 0, 0);
        await mount.Files.InvalidationSink.InvalidateEntryAsync(new(4711), FsName.Of("x"));
        await mount.Files.InvalidationSink.InvalidateEntryAsync(InodeId.Root, FsName.Of("never-looked-up"));
    }

    // The kernel holds the directory's lock while a create waits for its answer, and INVAL_ENTRY wants it.
    [MountFact]
    public async Task A_notification_that_a_create_holds_up_finds_a_way_round()
    {
        var files = new GatedFileSystem(Hour);
        await using var mount = await MemoryMount.StartAsync(files, new FuseOptions());
        await File.WriteAllTextAsync(mount.At("seen"), "");
        Assert.True(File.Exists(mount.At("seen")));
        await using var loop = new ThreadLoopFactory().Start("creator");
        files.IsClosed = true;
        var created = loop.RunAsync(() => File.Create(mount.At("slow")));
        await files.Waiting.Task.WaitAsync(MemoryMount.Patience);

        await files.UnlinkAsync(InodeId.Root, FsName.Of("seen"), Caller.Root, default);
        await files.InvalidationSink.InvalidateEntryAsync(InodeId.Root, FsName.Of("seen")).AsTask().WaitAsync(
            MemoryMount.Patience);
        Assert.False(created.IsCompleted);

        files.Open.SetResult();
        await (await created.WaitAsync(MemoryMount.Patience)).DisposeAsync();
        Assert.False(File.Exists(mount.At("seen")));
        Assert.True(File.Exists(mount.At("slow")));
    }

    private static async Task<InodeId> InodeOfAsync(MemoryMount mount, string name)
    {
        var found = await mount.Files.LookupAsync(InodeId.Root, FsName.Of(name), default);
        return found.Value.Attributes.Inode;
    }

    private sealed class GatedFileSystem(TimeSpan ttl) : MemoryFileSystem(TimeProvider.System, ttl, ttl)
    {
        public volatile bool IsClosed;

        public TaskCompletionSource Waiting { get; } = new();

        public TaskCompletionSource Open { get; } = new();

        public override async ValueTask<FsResult<(Node Node, OpenedFile File)>> CreateAsync(
            InodeId parent, FsName name, uint mode, int openFlags, Caller caller, CancellationToken cancellationToken)
        {
            if (IsClosed)
            {
                Waiting.TrySetResult();
                await Open.Task;
            }

            return await base.CreateAsync(parent, name, mode, openFlags, caller, cancellationToken);
        }
    }
}
