using ClaudeFs.Fuse.Abi;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Fuse.Session;

/// <summary>Events 4000-4099.</summary>
internal static partial class FuseLog
{
    [LoggerMessage(
        4000, LogLevel.Information, "Mounted {Path}: FUSE {Major}.{Minor}, {Readers} readers, flags {Flags}")]
    internal static partial void Mounted(
        this ILogger logger, string path, uint major, uint minor, int readers, FuseInitFlags flags);

    [LoggerMessage(4001, LogLevel.Information, "The mount at {Path} has ended: {Reason}")]
    internal static partial void Ended(this ILogger logger, string path, FuseEndReason reason);

    [LoggerMessage(4002, LogLevel.Information, "A dead mount at {Path}, left by a process that died, was detached")]
    internal static partial void DeadMountReplaced(this ILogger logger, string path);

    [LoggerMessage(4003, LogLevel.Warning, "Malformed request {Opcode} of {Length} bytes: answered with EINVAL")]
    internal static partial void RequestMalformed(this ILogger logger, FuseOpcode opcode, uint length);

    [LoggerMessage(4004, LogLevel.Warning, "{Opcode} of inode {Inode} has waited {Timeout}: answered with ETIMEDOUT")]
    internal static partial void RequestTimedOut(
        this ILogger logger, FuseOpcode opcode, InodeId inode, TimeSpan timeout);

    [LoggerMessage(4005, LogLevel.Error, "{Opcode} of inode {Inode} failed: answered with {Error}")]
    internal static partial void RequestFailed(
        this ILogger logger, Exception fault, FuseOpcode opcode, InodeId inode, FsError error);

    [LoggerMessage(4006, LogLevel.Error, "The kernel refused the answer to {Opcode}: {Errno}")]
    internal static partial void ReplyRefused(this ILogger logger, FuseOpcode opcode, string errno);

    [LoggerMessage(4007, LogLevel.Error, "A handler failed to be cancelled")]
    internal static partial void CancellationFailed(this ILogger logger, Exception fault);

    [LoggerMessage(4008, LogLevel.Error, "Reading /dev/fuse failed: {Errno}; the mount ends")]
    internal static partial void ReceiveFailed(this ILogger logger, string errno);

    [LoggerMessage(4009, LogLevel.Error, "The kernel speaks FUSE {Major}.{Minor}; 7.31 or later is needed")]
    internal static partial void VersionUnsupported(this ILogger logger, uint major, uint minor);

    [LoggerMessage(
        4010, LogLevel.Debug, "read_ahead_kb of the mount cannot be raised ({Reason}): reads stay at 128 KiB")]
    internal static partial void ReadAheadUnchanged(this ILogger logger, string reason);

    [LoggerMessage(4011, LogLevel.Error, "The kernel refused a notification: {Errno}")]
    internal static partial void NotificationRefused(this ILogger logger, string errno);

    [LoggerMessage(4012, LogLevel.Warning,
        "The kernel has not taken {Count} notifications for {Timeout}: all cached names are looked up again instead")]
    internal static partial void NotificationsOverdue(this ILogger logger, int count, TimeSpan timeout);

    [LoggerMessage(4013, LogLevel.Warning, "Unmounting {Path} left it busy: {Errno}; it is detached")]
    internal static partial void DetachedBusy(this ILogger logger, string path, string errno);

    [LoggerMessage(4014, LogLevel.Warning, "{Count} requests did not end within {Timeout} of the end of the mount")]
    internal static partial void RequestsLeft(this ILogger logger, int count, TimeSpan timeout);

    [LoggerMessage(
        4015, LogLevel.Warning,
            "/proc/self/mountinfo cannot be watched ({Reason}): the end of the mount shows only at /dev/fuse")]
    internal static partial void WatchFailed(this ILogger logger, string reason);

    [LoggerMessage(
        4016, LogLevel.Error, "A handle of inode {Inode} that the kernel did not take was not released: {Error}")]
    internal static partial void ReleaseFailed(this ILogger logger, InodeId inode, FsError error);
}
