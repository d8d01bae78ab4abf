using System.CommandLine;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;

namespace ClaudeFs.Cli.Commands;

/// <summary>
/// `cfs sync DIR`: waits until everything written below a mount is on stable storage. sync(2) and syncfs(2) never reach
/// a FUSE daemon; an fsync of the mount's root does, and flushes everything.
/// </summary>
internal static class SyncCommand
{
    public static Command Build()
    {
        var directory = new Argument<string>("DIR") { Description = "A mount point of ClaudeFS." };
        var command = new Command("sync", "Wait until everything written to a mount is durable.") { directory };
        command.SetAction(parsed =>
        {
            Run(Path.GetFullPath(parsed.GetValue(directory)!));
            return (int)ExitCode.Success;
        });
        return command;
    }

    public static void Run(string mountPoint)
    {
        if (Mounts.Find(mountPoint) is null)
        {
            throw new CommandFailure(
                ExitCode.Unavailable, $"{mountPoint} is not a mount point of ClaudeFS: see `cfs status`");
        }
        var descriptor = Posix.Open(mountPoint, Posix.ReadOnly, 0);
        if (descriptor < 0) throw Failed(mountPoint);
        try
        {
            if (Posix.Sync(descriptor) < 0) throw Failed(mountPoint);
        }
        finally
        {
            _ = Posix.Close(descriptor);
        }
    }

    private static CommandFailure Failed(string mountPoint)
    {
        var error = (FsError)Posix.LastError;
        return error == FsError.ENOTCONN
            ? new(
                ExitCode.Unavailable,
                $"{mountPoint}: the daemon is gone (ENOTCONN): detach it with `cfs umount {mountPoint}`")
            : new(ExitCode.Io, $"{mountPoint}: fsync failed: {error}; the log of the daemon says why");
    }
}
