using System.Globalization;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests.Crashes;

/// <summary>
/// A small ext4 on a loop device whose power can be cut: what was not synced on it is gone afterwards. Transfers that
/// bypass the page cache are on the "platter" at once; what forgets to flush those only the simulation finds.
/// </summary>
internal sealed class LoopDisk(string image, string mountPoint) : IAsyncDisposable
{
    // EXT4_IOC_SHUTDOWN (fs/ext4/ext4.h) with EXT4_GOING_FLAGS_NOLOGFLUSH: nothing that waits in memory is written.
    private const string CutScript =
        "import fcntl, os, struct, sys; "
        + "fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

    /// <summary>Makes and mounts it.</summary>
    public static async Task<LoopDisk> MakeAsync(string image, string mountPoint, long sizeBytes)
    {
        var size = sizeBytes.ToString(CultureInfo.InvariantCulture);
        await Shell.RunAsync($"truncate -s {size} '{image}' && mkfs.ext4 -q -F '{image}'");
        var disk = new LoopDisk(image, mountPoint);
        await disk.MountAsync();
        return disk;
    }

    /// <summary>The power goes: every later write and flush of whoever still uses it fails.</summary>
    public Task CutAsync() => Shell.RunAsync($"python3 -c \"{CutScript}\" '{mountPoint}'");

    /// <summary>Whoever writes to it, or has it flushed, waits from now on, beyond any signal.</summary>
    public Task FreezeAsync() => Shell.RunAsync($"fsfreeze -f '{mountPoint}'");

    /// <summary>It answers again.</summary>
    public Task ThawAsync() => Shell.RunAsync($"fsfreeze -u '{mountPoint}'");

    /// <summary>The power is back: what was durable is there.</summary>
    public async Task RestoreAsync()
    {
        await Shell.RunAsync($"umount '{mountPoint}'");
        await MountAsync();
    }

    public async ValueTask DisposeAsync() =>
        await Shell.TryAsync($"umount '{mountPoint}' || umount -l '{mountPoint}'");

    private async Task MountAsync() =>
        await Shell.RunAsync($"mkdir -p '{mountPoint}' && mount -o loop '{image}' '{mountPoint}'");
}
