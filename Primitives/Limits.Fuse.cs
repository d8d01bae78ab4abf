namespace ClaudeFs.Primitives;

public static partial class Limits
{
    /// <summary>Bytes that one READ or WRITE of the kernel may carry.</summary>
    public const int FuseRequestBytesMax = 1 << 20;

    /// <summary>Requests in the file system at once; beyond it readers stop taking more from the kernel.</summary>
    public const int FusePendingMax = 512;

    /// <summary>Buffers kept for the next requests; others go back to the system.</summary>
    public const int FuseIdleBuffersMax = 32;

    /// <summary>Reads ahead and releases that the kernel may have under way.</summary>
    public const int FuseBackgroundMax = 64;

    /// <summary>Names that a reader keeps, so that repeated lookups do not allocate; a power of two.</summary>
    public const int FuseNamesCachedMax = 4096;

    /// <summary>Notifications that wait for the kernel; one more is refused with EAGAIN.</summary>
    public const int FuseNotificationsMax = 65_536;

    /// <summary>Interrupts remembered for requests that do not wait yet; the oldest go.</summary>
    public const int FuseEarlyInterruptsMax = 256;

    /// <summary>Readers of one mount.</summary>
    public const int FuseReadersMax = 64;
}
