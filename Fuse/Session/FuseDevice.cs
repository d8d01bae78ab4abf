using System.Runtime.InteropServices;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// An open /dev/fuse. Replies go through the device that gave the request. Every descriptor is close-on-exec: the
/// kernel ends the mount when the last one is closed, and a child process that had one would keep a dead mount waiting.
/// </summary>
internal sealed class FuseDevice : IFuseDevice, IDisposable
{
    private const string Path = "/dev/fuse";
    private readonly DescriptorHandle _descriptor;

    internal FuseDevice(DescriptorHandle descriptor) => _descriptor = descriptor;

    /// <summary>For the mount option fd=.</summary>
    internal int Number => _descriptor.Number;

    /// <summary>Throws <see cref="FuseMountException"/> when there is no device.</summary>
    internal static FuseDevice Open(bool isBlocking = true)
    {
        var mode = Libc.ReadWrite | Libc.CloseOnExec | (isBlocking ? 0 : Libc.NonBlocking);
        var descriptor = Libc.Open(Path, mode, 0);
        if (descriptor >= 0) return new(new DescriptorHandle(descriptor));

        var errno = Marshal.GetLastPInvokeError();
        throw new FuseMountException(errno switch
        {
            Libc.ENOENT or Libc.ENODEV =>
                "there is no /dev/fuse: load the fuse module, or give the container --device /dev/fuse",
            Libc.EACCES or Libc.EPERM => "no permission to open /dev/fuse",
            _ => $"/dev/fuse cannot be opened: {Errno.Describe(errno)}",
        });
    }

    /// <summary>Another descriptor of the same mount with a queue of its own.</summary>
    internal FuseDevice Clone(bool isBlocking = true)
    {
        var clone = Open(isBlocking);
        var source = (uint)Number;
        if (Libc.IoControl(clone._descriptor, (nuint)FuseProtocol.CloneIoctl, ref source) == 0) return clone;

        var errno = Marshal.GetLastPInvokeError();
        clone.Dispose();
        throw new FuseMountException($"/dev/fuse cannot be cloned: {Errno.Describe(errno)}");
    }

    /// <inheritdoc />
    public int Receive(Span<byte> destination)
    {
        var received = Libc.Read(_descriptor, destination, destination.Length);
        return received >= 0 ? (int)received : -Marshal.GetLastPInvokeError();
    }

    /// <inheritdoc />
    public int Send(ReadOnlySpan<byte> message)
    {
        while (true)
        {
            if (Libc.Write(_descriptor, message, message.Length) >= 0) return 0;
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Libc.EINTR) return errno;
        }
    }

    public void Dispose() => _descriptor.Dispose();
}
