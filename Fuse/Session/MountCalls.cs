using System.Runtime.InteropServices;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// The system calls that begin and end a mount: as root directly, else through fusermount3. They may block; unmounting
/// needs readers that still answer.
/// </summary>
internal static class MountCalls
{
    private const int MS_RDONLY = 1;
    private const uint DirectoryMode = 0x4000;

    private static bool IsRoot => Libc.EffectiveUser() == 0;

    /// <summary>Mounts on a path that <see cref="MountPoint.Prepare"/> has approved.</summary>
    internal static FuseDevice Mount(string path, FuseOptions options)
    {
        if (!IsRoot)
        {
            var userOptions = $"fsname={options.Source},subtype={options.Subtype},default_permissions"
                + (options.AllowOther == true ? ",allow_other" : "") + (options.IsReadOnly ? ",ro" : "");
            return FuserMount.Mount(path, userOptions);
        }

        var device = FuseDevice.Open();
        var data = $"fd={device.Number},rootmode={Convert.ToString(DirectoryMode, 8)},user_id={Libc.EffectiveUser()},"
            + $"group_id={Libc.EffectiveGroup()},default_permissions" + (
                options.AllowOther == false ? "" : ",allow_other");
        var flags = options.IsReadOnly ? MS_RDONLY : 0;
        if (Libc.Mount(options.Source, path, $"fuse.{options.Subtype}", (nuint)flags, data) == 0) return device;

        var errno = Marshal.GetLastPInvokeError();
        device.Dispose();
        throw new FuseMountException(errno switch
        {
            Libc.EPERM or Libc.EACCES =>
                $"no permission to mount {path}: CAP_SYS_ADMIN is missing (in a container: --privileged)",
            Libc.ENODEV => "the kernel has no FUSE",
            _ => $"{path} cannot be mounted: {Errno.Describe(errno)}",
        });
    }

    /// <summary>Ends the mount as umount(8) does. Errors: EBUSY while files are open; EINVAL when it is not there any
    /// more.</summary>
    internal static FsError Unmount(string path, int mountId, bool detach)
    {
        if (!MountTable.Contains(mountId)) return FsError.None;
        // covered by another mount
        if (MountTable.FindTopmost(path) is not { } topmost || topmost.Id != mountId) return FsError.EBUSY;
        if (!IsRoot)
        {
            return FuserMount.TryUnmount(path, detach, out var said) ? FsError.None
                : said.Contains("busy", StringComparison.OrdinalIgnoreCase) ? FsError.EBUSY : FsError.EPERM;
        }

        var flags = Libc.UMOUNT_NOFOLLOW | (detach ? Libc.MNT_DETACH : 0);
        return Libc.Unmount(path, flags) == 0 ? FsError.None : (FsError)Marshal.GetLastPInvokeError();
    }

    /// <summary>Lets the kernel read ahead as far as requests go: a new mount has 128 KiB. Only root may.</summary>
    internal static void RaiseReadAhead(int deviceMinor, int bytes, ILogger log)
    {
        try
        {
            File.WriteAllText($"/sys/class/bdi/0:{deviceMinor}/read_ahead_kb", $"{bytes / 1024}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            log.ReadAheadUnchanged(fault.Message);
        }
    }
}
