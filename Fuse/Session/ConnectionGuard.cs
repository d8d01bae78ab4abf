using System.Globalization;
using System.Runtime.InteropServices;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// What a small process beside the daemon does: it aborts the mount's connection when the daemon was killed and cannot
/// go. The kernel ends a connection with its last descriptor, and a process that is killed keeps its descriptors until
/// its last thread has left the kernel. A thread that tells the kernel to drop a name or a page waits there, beyond any
/// signal, for a lock which a request holds that only the daemon could have answered; a thread that writes to a disk
/// that no longer answers waits for that. Without somebody else everything on the mount would hang, for ever.
/// </summary>
/// <remarks>
/// It watches one thread, not the process: that has not ended while one of its threads has not, and on Linux 6.18 not
/// even the descriptor of the first thread says so earlier. Source: pidfd_open(2).
/// </remarks>
public static class ConnectionGuard
{
    /// <summary>How long the kernel may take to end a process and, with it, the connection.</summary>
    private const int OrderlyMilliseconds = 200;

    private const int ThreadPollMilliseconds = 1000;   // before Linux 6.9
    private const int StandardInput = 0;

    /// <summary>The calling thread, for <see cref="Watch"/>; it lives as long as its process.</summary>
    public static int CurrentThread => Libc.CurrentThreadId();

    /// <summary>
    /// Blocks until standard input ends, with which the daemon says that its mount is gone, or until the daemon has
    /// ended. Returns whether the connection had to be aborted. Throws <see cref="FuseMountException"/> when it could
    /// not be.
    /// </summary>
    /// <param name="process">The daemon.</param>
    /// <param name="thread">A thread of it that ends only with it.</param>
    /// <param name="mount">Its mount.</param>
    public static bool Watch(int process, int thread, MountIdentity mount)
    {
        using var whole = new DescriptorHandle(Libc.ProcessDescriptor(process, 0));
        using var one = new DescriptorHandle(Libc.ProcessDescriptor(thread, Libc.ThreadDescriptor));
        if (whole.IsInvalid || !WaitForThread(process, thread, one)) return false;
        if (Wait(whole.Number, -1, OrderlyMilliseconds)) return false;
        return Libc.EffectiveUser() == 0 ? TryForce(mount) || TryAbort(mount) : TryAbort(mount);
    }

    // False: the mount is gone, or the whole process is.
    private static bool WaitForThread(int process, int thread, DescriptorHandle descriptor)
    {
        var task = $"/proc/{process}/task/{thread}";
        do
        {
            var timeout = descriptor.IsInvalid ? ThreadPollMilliseconds : -1;
            if (Wait(StandardInput, descriptor.Number, timeout)) return false;
        }
        while (descriptor.IsInvalid && Directory.Exists(task));

        return true;
    }

    // Whether the first became readable; false also when only the second did, or neither in time.
    private static bool Wait(int first, int second, int timeoutMilliseconds)
    {
        Span<Libc.PollDescriptor> polled =
        [
            new() { Descriptor = first, Events = Libc.POLLIN },
            new() { Descriptor = second, Events = Libc.POLLIN },   // -1 is passed over
        ];
        while (Libc.Poll(polled, (nuint)polled.Length, timeoutMilliseconds) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.EINTR) throw new FuseMountException($"poll failed: {Errno.Describe(errno)}");
        }

        return polled[0].Returned != 0;
    }

    // False: the mount is not in the tree any more. A forced umount aborts the connection first; that the directory is
    // open here keeps it from unmounting, for what is written there now must fail and not go into the directory below.
    private static bool TryForce(MountIdentity mount)
    {
        using var root = new DescriptorHandle(Libc.Open(mount.Path, Libc.PathOnly | Libc.CloseOnExec, 0));
        if (root.IsInvalid || ReadMountId(root) != mount.MountId) return false;
        if (Libc.Unmount($"/proc/self/fd/{root.Number}", Libc.MNT_FORCE) == 0) return true;
        var errno = Marshal.GetLastPInvokeError();
        return errno == Libc.EBUSY ? true : throw Failed(mount, Errno.Describe(errno));
    }

    // False: the connection is not there any more, or there is no fusectl, which only systemd mounts by itself.
    private static bool TryAbort(MountIdentity mount)
    {
        var control = $"/sys/fs/fuse/connections/{mount.Connection}/abort";
        if (!File.Exists(control)) return false;
        try
        {
            File.WriteAllText(control, "1");
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Failed(mount, fault.Message);
        }
    }

    private static int ReadMountId(DescriptorHandle directory)
    {
        const string field = "mnt_id:";
        foreach (var line in File.ReadLines($"/proc/self/fdinfo/{directory.Number}"))
        {
            if (line.StartsWith(field, StringComparison.Ordinal))
                return int.Parse(line.AsSpan(field.Length), CultureInfo.InvariantCulture);
        }

        throw new FuseMountException("/proc/self/fdinfo names no mount");
    }

    private static FuseMountException Failed(MountIdentity mount, string why) => new(
        $"{mount.Path}: its daemon was killed and hangs in the kernel, and the connection cannot be aborted: {why}: "
        + $"`umount -f {mount.Path}` as root ends it");
}
