using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests.Crashes;

/// <summary>A `cfs dev` whose data directory is a <see cref="LoopDisk"/> of its own.</summary>
internal sealed class MountOnDisk : IAsyncDisposable
{
    private MountOnDisk(DevMount mount, LoopDisk disk) => (Mount, Disk) = (mount, disk);

    public DevMount Mount { get; }

    public LoopDisk Disk { get; }

    public static async Task<MountOnDisk> StartAsync(string size, long diskBytes, params string[] extra)
    {
        var mount = DevMount.Prepare(size, extra);
        var image = Path.Combine(mount.Scratch, "disk");
        var started = new MountOnDisk(mount, await LoopDisk.MakeAsync(image, mount.DataDirectory, diskBytes));
        try
        {
            await mount.StartDaemonAsync();
        }
        catch (Exception)
        {
            await started.DisposeAsync();
            throw;
        }

        return started;
    }

    /// <summary>The daemon first: the disk cannot be unmounted before.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Mount.Daemon is not null) await Mount.Daemon.DisposeAsync();
        await Disk.DisposeAsync();
        await Mount.DisposeAsync();
    }
}
