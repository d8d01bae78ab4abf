using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ClaudeFs.Primitives;
using Microsoft.Win32.SafeHandles;

namespace ClaudeFs.Platform.Interop;

/// <summary>
/// A file whose flock(2) says that a directory is in use; it holds the pid of who has it. The lock ends with the
/// process, however that ends; the file stays.
/// </summary>
public sealed class LockFile : IDisposable
{
    private static readonly TimeSpan OwnWait = TimeSpan.FromSeconds(1);

    private readonly SafeFileHandle _handle;

    private LockFile(SafeFileHandle handle) => _handle = handle;

    /// <summary>
    /// Takes the lock, creating the file if needed. Throws <see cref="FsException"/> with EBUSY, naming the pid of the
    /// holder, when another process has it.
    /// </summary>
    public static LockFile Acquire(string path)
    {
        var descriptor = Libc.Open(path, Libc.ReadWrite | Libc.Create | Libc.CloseOnExec, 0x1A4 /* 0644 */);
        if (descriptor < 0) throw Fault(path, Marshal.GetLastPInvokeError());

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (!TryLock(descriptor))
        {
            var holder = ReadHolder(handle);

            // Given back by this process, but a child that it was just starting has the file open until its exec.
            var isOwn = holder == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
            if (isOwn && SpinWait.SpinUntil(() => TryLock(descriptor), OwnWait)) return new LockFile(handle);
            handle.Dispose();
            throw new FsException(FsError.EBUSY, $"{path}: in use by process {holder}");
        }

        RandomAccess.SetLength(handle, 0);
        RandomAccess.Write(handle, Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"), 0);
        return new LockFile(handle);
    }

    /// <summary>
    /// Waits until nobody has the lock, blocking the caller; false when somebody still has after
    /// <paramref name="timeout"/>. A file that is not there, or not to be read by the caller, counts as free.
    /// </summary>
    public static bool WaitUntilFree(string path, TimeSpan timeout)
    {
        var descriptor = Libc.Open(path, Libc.ReadOnly | Libc.CloseOnExec, 0);
        if (descriptor < 0) return true;
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        return SpinWait.SpinUntil(() => TryLock(descriptor), timeout);
    }

    /// <summary>Gives the lock back.</summary>
    public void Dispose() => _handle.Dispose();

    private static bool TryLock(int descriptor) =>
        Libc.Flock(descriptor, Libc.LockExclusive | Libc.LockNonBlocking) == 0;

    private static string ReadHolder(SafeFileHandle handle)
    {
        Span<byte> text = stackalloc byte[20];
        var length = RandomAccess.Read(handle, text, 0);
        var isPid = int.TryParse(text[..length].Trim((byte)'\n'), CultureInfo.InvariantCulture, out var pid);
        return isPid ? pid.ToString(CultureInfo.InvariantCulture) : "(unknown)";
    }

    private static FsException Fault(string path, int error) =>
        new((FsError)error, $"{path}: {Marshal.GetPInvokeErrorMessage(error)}");
}
