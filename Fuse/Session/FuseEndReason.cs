namespace ClaudeFs.Fuse.Session;

/// <summary>How a mount came to its end.</summary>
public enum FuseEndReason
{
    /// <summary>umount(8) from outside, or the kernel's DESTROY.</summary>
    Unmounted,

    /// <summary>This process unmounted or disposed it.</summary>
    Stopped,

    /// <summary>The connection was aborted: /sys/fs/fuse, or umount -f.</summary>
    Aborted,

    /// <summary>The device failed, or the kernel's protocol is too old.</summary>
    Failed,
}
