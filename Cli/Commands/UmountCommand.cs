using System.CommandLine;
using System.Diagnostics;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;

namespace ClaudeFs.Cli.Commands;

/// <summary>
/// `cfs umount DIR`: makes everything durable, unmounts, and returns when it is gone from the kernel's list, and a
/// `cfs dev` behind it has given its data directory back.
/// </summary>
internal static class UmountCommand
{
    private static readonly TimeSpan DaemonTimeout = TimeSpan.FromSeconds(60);

    public static Command Build()
    {
        var directory = new Argument<string>("DIR") { Description = "A mount point of ClaudeFS." };
        var lazy = new Option<bool>("--lazy")
        {
            Description = "Detach also when files are open; they go on until they are closed.",
        };
        var command = new Command("umount", "Flush and unmount; a dead mount is detached.") { directory, lazy };
        command.SetAction(parsed => (int)Run(Path.GetFullPath(parsed.GetValue(directory)!), parsed.GetValue(lazy)));
        return command;
    }

    private static ExitCode Run(string mountPoint, bool isLazy)
    {
        if (Mounts.Find(mountPoint) is not { } mount)
        {
            throw new CommandFailure(
                ExitCode.Unavailable, $"{mountPoint} is not a mount point of ClaudeFS: see /proc/mounts");
        }
        if (IsDead(mountPoint))
        {
            Unmount(mountPoint, isLazy: true);
            Console.WriteLine($"{mountPoint}: its daemon was gone: detached");
            return ExitCode.Success;
        }
        SyncCommand.Run(mountPoint);
        Unmount(mountPoint, isLazy);
        return isLazy ? ExitCode.Success : AwaitDaemon(mount.Source);
    }

    // Only `cfs dev` names a directory of this machine as the source. It writes its tables back before it ends.
    private static ExitCode AwaitDaemon(string source)
    {
        const string Prefix = "claudefs:/";
        if (!source.StartsWith(Prefix, StringComparison.Ordinal)) return ExitCode.Success;
        var data = source[(Prefix.Length - 1)..];
        if (LockFile.WaitUntilFree(Path.Combine(data, "lock"), DaemonTimeout)) return ExitCode.Success;
        throw new CommandFailure(
            ExitCode.Unavailable, $"unmounted, but after {DaemonTimeout.TotalSeconds} s the daemon of {data} is still "
            + "writing back: wait for it before you start another one");
    }

    private static bool IsDead(string mountPoint)
    {
        Span<byte> status = stackalloc byte[256];
        return Posix.StatFileSystem(mountPoint, status) < 0
            && (FsError)Posix.LastError is FsError.ENOTCONN or FsError.ECONNABORTED;
    }

    private static void Unmount(string mountPoint, bool isLazy)
    {
        const int Detach = 2;
        if (!Environment.IsPrivilegedProcess)
        {
            RunFusermount(mountPoint, isLazy);
            return;
        }
        if (Posix.Unmount(mountPoint, isLazy ? Detach : 0) == 0) return;
        throw (FsError)Posix.LastError == FsError.EBUSY
            ? new(
                ExitCode.Busy,
                $"{mountPoint} is in use: {OpenFiles.Describe(OpenFiles.Below(mountPoint))}; close them, or use --lazy")
            : new CommandFailure(ExitCode.Io, $"{mountPoint}: umount failed: {(FsError)Posix.LastError}");
    }

    private static void RunFusermount(string mountPoint, bool isLazy)
    {
        var start = new ProcessStartInfo("fusermount3", isLazy ? ["-u", "-z", mountPoint] : ["-u", mountPoint])
        {
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new CommandFailure(
                ExitCode.Busy,
                $"{mountPoint}: {error.Trim()}; in use: {OpenFiles.Describe(OpenFiles.Below(mountPoint))}");
        }
    }
}
