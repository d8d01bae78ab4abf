using System.Runtime.InteropServices;

namespace ClaudeFs.Platform.Interop;

/// <summary>
/// A pair of connected sockets of which the second end is left open for a child process, which sends a descriptor over
/// it. Sources: unix(7) (SCM_RIGHTS), cmsg(3).
/// </summary>
internal sealed unsafe partial class DescriptorPassing : IDisposable
{
    private const int AF_UNIX = 1, SOCK_STREAM = 1, SOL_SOCKET = 1, SCM_RIGHTS = 1, F_SETFD = 2, FD_CLOEXEC = 1;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;

    private readonly DescriptorHandle _ours;
    private DescriptorHandle? _childs;

    private DescriptorPassing(int ours, int childs)
    {
        _ours = new(ours);
        _childs = new(childs);
    }

    /// <summary>The number under which a child started now finds its end.</summary>
    internal int ChildDescriptor => _childs!.Number;

    /// <summary>Null with errno in Marshal.GetLastPInvokeError when there is no pair to be had.</summary>
    internal static DescriptorPassing? TryCreate()
    {
        int* pair = stackalloc int[2];
        if (SocketPair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return null;
        _ = DescriptorControl(pair[0], F_SETFD, FD_CLOEXEC);
        return new(pair[0], pair[1]);
    }

    /// <summary>Closes the child's end here; done once the child runs.</summary>
    internal void CloseChildEnd()
    {
        _childs?.Dispose();
        _childs = null;
    }

    /// <summary>Waits for the descriptor; null when the child closed its end without sending one.</summary>
    internal DescriptorHandle? Receive()
    {
        byte data;
        var vector = stackalloc nint[2] { (nint)(&data), 1 };
        var control = stackalloc long[3]; // cmsghdr (16 bytes) + one int, aligned to 8
        MessageHeader message = default;
        message.Vectors = (nint)vector;
        message.VectorCount = 1;
        message.Control = (nint)control;
        message.ControlBytes = 24;
        nint received;
        do received = ReceiveMessage(_ours, &message, MSG_CMSG_CLOEXEC);
        while (received < 0 && Marshal.GetLastPInvokeError() == Libc.EINTR);

        var header = (int*)control;
        var isRights = received > 0 && message.ControlBytes >= 20 && header[2] == SOL_SOCKET && header[3] == SCM_RIGHTS;
        return isRights ? new DescriptorHandle(header[4]) : null;
    }

    public void Dispose()
    {
        CloseChildEnd();
        _ours.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int DescriptorControl(int descriptor, int command, int argument);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(DescriptorHandle descriptor, MessageHeader* message, int flags);

    // struct msghdr of 64-bit Linux.
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        internal nint Name;
        internal uint NameBytes;
        internal nint Vectors;
        internal nint VectorCount;
        internal nint Control;
        internal nint ControlBytes;
        internal int Flags;
    }
}
