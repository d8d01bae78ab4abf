using System.Runtime.InteropServices;
using System.Text;
using ClaudeFs.Platform.Interop;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Fuse.Session;

/// <summary>The directory to mount on: checked before, so that what is wrong is said in one line.</summary>
internal static class MountPoint
{
    private const int StackedMax = 16; // dead mounts over one another that are cleared away
    private const int PathBytesMax = 4096;

    /// <summary>
    /// The directory's path without symbolic links. A dead mount on it is detached. Throws
    /// <see cref="FuseMountException"/> when it is missing, no directory, not empty (unless allowed) or a mount point.
    /// May block on a mount that does not answer.
    /// </summary>
    internal static string Prepare(string path, FuseOptions options, ILogger log)
    {
        var resolved = Resolve(path);
        for (var stacked = 0; MountTable.FindTopmost(resolved) is { } mount; stacked++)
        {
            if (stacked == StackedMax || !IsDead(mount))
            {
                throw new FuseMountException(
                    $"{path} is a mount point already ({mount.Type}): unmount it first, or take another directory");
            }

            if (!TryDetach(resolved)) throw new FuseMountException(
                $"{path} is a dead mount that cannot be detached: {LastError()}");
            log.DeadMountReplaced(resolved);
        }

        if (!Directory.Exists(resolved)) throw new FuseMountException($"{path} is not a directory");
        if (!options.AllowNonEmpty && Directory.EnumerateFileSystemEntries(resolved).Any())
        {
            throw new FuseMountException(
                $"{path} is not empty: its files would be hidden (--nonempty mounts all the same)");
        }

        return resolved;
    }

    private static string Resolve(string path)
    {
        var full = Path.GetFullPath(path);
        if (TryResolve(full, out var resolved)) return resolved;
        var errno = Marshal.GetLastPInvokeError();
        var isDead = errno is Libc.ENOTCONN or Libc.ECONNABORTED;
        var parent = Path.GetDirectoryName(full.TrimEnd('/'));
        if (isDead && parent is not null && TryResolve(parent, out var resolvedParent))
        {
            return Path.Combine(resolvedParent, Path.GetFileName(full.TrimEnd('/')));
        }

        throw new FuseMountException(errno == Libc.ENOENT
            ? $"the mount point {path} does not exist"
            : $"the mount point {path} cannot be used: {Errno.Describe(errno)}");
    }

    private static bool TryResolve(string path, out string resolved)
    {
        Span<byte> buffer = stackalloc byte[PathBytesMax];
        var isFound = Libc.ResolvePath(path, buffer) != 0;
        resolved = isFound ? Encoding.UTF8.GetString(buffer[..buffer.IndexOf((byte)0)]) : "";
        return isFound;
    }

    // Its daemon has died, or its connection was aborted. Only FUSE is asked: other types may hang.
    private static bool IsDead(in MountEntry mount)
    {
        if (!mount.Type.StartsWith("fuse", StringComparison.Ordinal)) return false;

        // statfs always asks the daemon; stat may be answered from attributes that the kernel still keeps.
        Span<byte> status = stackalloc byte[256];
        return Posix.StatFileSystem(mount.Path, status) != 0
            && Posix.LastError is Libc.ENOTCONN or Libc.ECONNABORTED;
    }

    private static bool TryDetach(string path) =>
        Libc.EffectiveUser() == 0
            ? Libc.Unmount(path, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW) == 0
            : FuserMount.TryUnmount(path, lazy: true, out _);

    private static string LastError() => Errno.Describe(Marshal.GetLastPInvokeError());
}
