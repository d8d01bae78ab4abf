using System.Runtime.InteropServices;

namespace ClaudeFs.Platform.Interop;

/// <summary>Calls on descriptors of devices. -1 means failed, with errno in
/// <see cref="Marshal.GetLastPInvokeError"/>.</summary>
internal static partial class Libc
{
    internal const int EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, EAGAIN = 11, EACCES = 13, EBUSY = 16, ENODEV = 19,
        EINVAL = 22, ECONNABORTED = 103, ENOTCONN = 107;

    internal const short POLLIN = 1, POLLPRI = 2, POLLERR = 8, POLLHUP = 16;
    internal const int EFD_CLOEXEC = 0x80000;

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(DescriptorHandle descriptor, Span<byte> destination, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(DescriptorHandle descriptor, ReadOnlySpan<byte> source, nint count);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int IoControl(DescriptorHandle descriptor, nuint request, ref uint argument);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int EventDescriptor(uint initial, int flags);

    /// <summary>Waits up to <paramref name="timeoutMilliseconds"/> (-1: for ever).</summary>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(Span<PollDescriptor> descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "getegid")]
    internal static partial uint EffectiveGroup();

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollDescriptor
    {
        internal int Descriptor;
        internal short Events;
        internal short Returned;
    }
}
