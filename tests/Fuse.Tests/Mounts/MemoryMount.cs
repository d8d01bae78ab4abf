using ClaudeFs.Fuse.Session;
using ClaudeFs.NullDaemon;
using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Fuse.Tests.Mounts;

/// <summary>Tests that mount run one after the other: each counts on the machine's mount table and processes.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public class MountCollection
{
    public const string Name = "mounts";
}

/// <summary>A file system in memory, really mounted on a directory of its own; nothing is left of it at the
/// end.</summary>
internal sealed class MemoryMount : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // the machine may be busy with other things
    private readonly TemporaryDirectory _directory;
    private readonly ErrorLog _log;

    private MemoryMount(TemporaryDirectory directory, MemoryFileSystem files, FuseMount mount, ErrorLog log)
    {
        _directory = directory;
        _log = log;
        Files = files;
        Mount = mount;
    }

    public static FuseServices Services { get; } =
        new(new ThreadLoopFactory(), TimeProvider.System, NullLogger.Instance);

    public MemoryFileSystem Files { get; }

    public FuseMount Mount { get; }

    public string Path => Mount.Path;

    /// <summary>Without a time, the kernel asks for names and attributes each time.</summary>
    public static Task<MemoryMount> StartAsync(TimeSpan ttl = default) =>
        StartAsync(new MemoryFileSystem(TimeProvider.System, ttl, ttl), new FuseOptions());

    public static async Task<MemoryMount> StartAsync(MemoryFileSystem files, FuseOptions options)
    {
        var directory = new TemporaryDirectory();
        try
        {
            var log = new ErrorLog();
            var mount = await FuseMount.MountAsync(directory.Path, files, options, Services with { Log = log });
            return new(directory, files, mount, log);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    public string At(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Waits until that many requests are counted: they are a moment after their answer.</summary>
    public async Task UntilCountedAsync(string opcode, long count)
    {
        var end = TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(30);
        while (CountOf(opcode) < count)
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, $"{CountOf(opcode)} of {count} {opcode}");
            await Task.Yield();
        }
    }

    public long CountOf(string opcode) => Mount.StatisticsByOpcode.SingleOrDefault(row => row.Opcode == opcode).Count;

    public async ValueTask DisposeAsync()
    {
        await Mount.DisposeAsync();
        var isLeft = MountTable.FindTopmost(Path) is not null;
        if (isLeft) Shell.Run($"umount -l '{Path}'");
        _directory.Dispose();
        Assert.False(isLeft, "the mount was left behind");
        Assert.Empty(_log.Errors);
    }
}
