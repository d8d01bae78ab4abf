using ClaudeFs.Client;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;
using ClaudeFs.Silo.Admin;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Cli.Hosting;

/// <summary>
/// A client and its mount, from the mount to the end: what `cfs dev` and `cfs mount` share. The end is umount(8) from
/// outside, or a signal: then it is unmounted when nobody uses it any more, or detached at the second signal.
/// </summary>
internal sealed class MountedFileSystem : IAsyncDisposable
{
    private static readonly TimeSpan BusyRetry = TimeSpan.FromSeconds(1);

    private readonly FileSystemClient _client;
    private readonly FuseMount _mount;
    private readonly MountGuard _guard;
    private readonly TimeProvider _time;

    private MountedFileSystem(FileSystemClient client, FuseMount mount, MountGuard guard, TimeProvider time)
    {
        _client = client;
        _mount = mount;
        _guard = guard;
        _time = time;
    }

    /// <summary>Mounts a client, which is then this object's to dispose, also when the mount fails.</summary>
    public static async Task<MountedFileSystem> MountAsync(
        FileSystemClient client, string mountPoint, bool isNonEmptyAllowed, string source, ILoopFactory loops,
        TimeProvider time, ILoggerFactory loggers)
    {
        try
        {
            if (!isNonEmptyAllowed || !Path.Exists(mountPoint)) CreateMountPoint(mountPoint);
            var options = new FuseOptions { AllowNonEmpty = isNonEmptyAllowed, Source = source };
            var mount = await FuseMount.MountAsync(
                mountPoint, client, options, new(loops, time, loggers.CreateLogger("ClaudeFs.Fuse")));
            var guard = new MountGuard(mount.Identity, loops, loggers.CreateLogger("ClaudeFs.Cli"));
            return new(client, mount, guard, time);
        }
        catch (FuseMountException fault)
        {
            await client.DisposeAsync();
            throw new CommandFailure(ExitCode.Unavailable, fault.Message, fault);
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    public FuseStatistics Statistics => _mount.Statistics;

    public ClientStatistics ClientStatistics => _client.Statistics;

    public MountReport Report()
    {
        var (fuse, client) = (_mount.Statistics, _client.Statistics);
        return new(_mount.Path, fuse.Operations, fuse.BytesRead, fuse.BytesWritten,
            Ratio(client.AttributeHits + client.EntryHits, client.AttributeMisses + client.EntryMisses),
            Ratio(client.ChunkHits, client.ChunkMisses), client.DirtyBytes);
    }

    /// <summary>Serves until the mount has ended; tells what <paramref name="findTrouble"/> has found, once.</summary>
    public async Task ServeAsync(Shutdown shutdown, StatusLine status, Func<string?>? findTrouble = null)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromSeconds(1), _time);
        var tick = ticks.WaitForNextTickAsync().AsTask();
        string? told = null;
        while (await Task.WhenAny(_mount.Completion, shutdown.Asked, tick) == tick)
        {
            if (findTrouble?.Invoke() is var trouble && trouble != told) status.Say(trouble ?? "all is well again");
            told = trouble;
            status.Show(this);
            tick = ticks.WaitForNextTickAsync().AsTask();
        }
        if (!_mount.Completion.IsCompleted) await UnmountAsync(shutdown, status);
    }

    /// <summary>Unmounts, flushes and closes the session; returns the bytes that could not be stored then.</summary>
    public async Task<long> CloseAsync()
    {
        var before = _client.Statistics.LostBytes;
        await DisposeAsync();
        return _client.Statistics.LostBytes - before;
    }

    public async ValueTask DisposeAsync()
    {
        await _mount.DisposeAsync();
        await _guard.DisposeAsync();
        await _client.DisposeAsync();
    }

    private async Task UnmountAsync(Shutdown shutdown, StatusLine status)
    {
        status.Say("flushing...");
        await _client.SyncAllAsync(CancellationToken.None);
        while (await _mount.TryUnmountAsync() is var error && error != FsError.None)
        {
            if (error != FsError.EBUSY) throw new CommandFailure(ExitCode.Io, $"{_mount.Path}: umount failed: {error}");
            var users = string.Join(", ", _mount.FindUsers());
            status.Say($"still open: {users}; close them, or press Ctrl-C again to detach");
            var first = await Task.WhenAny(shutdown.Insisted, _mount.Completion, Task.Delay(BusyRetry, _time));
            if (first == shutdown.Insisted)
            {
                await _mount.DetachAsync();
                return;
            }
        }
    }

    private static void CreateMountPoint(string mountPoint)
    {
        try
        {
            // A dead mount makes every look at the directory fail with ENOTCONN; the mount itself replaces it.
            if (Mounts.FindAny(mountPoint) is null) Directory.CreateDirectory(mountPoint);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(
                ExitCode.CannotCreate, $"{mountPoint}: the mount point cannot be made: {fault.Message}", fault);
        }
    }

    private static double Ratio(long hits, long misses) => hits + misses == 0 ? 1 : (double)hits / (hits + misses);
}
