using System.Runtime.InteropServices;

namespace ClaudeFs.Platform.Interop;

/// <summary>
/// A thread that blocks in system calls and can be made to return from them with EINTR: what a blocking read of
/// /dev/fuse needs to end when its connection does not. Waiting in poll(2) before each read would be the alternative;
/// it costs two more system calls a request, and a request wakes every reader that polls instead of one that reads.
/// Lock: the object itself guards the thread's identity, so that no signal goes to a thread that has ended.
/// </summary>
internal sealed partial class BlockedThread : IDisposable
{
    // A real-time signal that neither glibc (32, 33) nor the runtime (34) uses. Its handler is abs(3): a function of
    // libc with a handler's signature and no effect, so that no managed code runs in a signal handler. Without
    // SA_RESTART, reads return EINTR.
    private const int WakeSignal = 45;
    private const int SigactionBytes = 152;
    private static readonly Lock InstallGate = new();
    private static bool _isInstalled;

    private readonly object _gate = new();
    private nuint _thread;
    private bool _isRunning = true;

    private BlockedThread(nuint thread) => _thread = thread;

    /// <summary>The calling thread; it disposes the object before it goes on to other work.</summary>
    internal static BlockedThread Enter()
    {
        Install();
        return new(CurrentThread());
    }

    /// <summary>Interrupts the system call that the thread is in. A thread just before its call is missed: repeat until
    /// it has left.</summary>
    internal void Interrupt()
    {
        lock (_gate)
        {
            if (_isRunning) _ = Kill(_thread, WakeSignal);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isRunning = false;
            _thread = 0;
        }
    }

    private static void Install()
    {
        lock (InstallGate)
        {
            if (_isInstalled) return;
            Span<byte> action = stackalloc byte[SigactionBytes];
            action.Clear();
            var library = NativeLibrary.Load("libc");
            MemoryMarshal.Write(action, NativeLibrary.GetExport(library, "abs"));
            if (SignalAction(WakeSignal, action, 0) != 0)
            {
                throw new InvalidOperationException($"sigaction failed: errno {Marshal.GetLastPInvokeError()}");
            }

            _isInstalled = true;
        }
    }

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nuint CurrentThread();

    [LibraryImport("libc", EntryPoint = "pthread_kill")]
    private static partial int Kill(nuint thread, int signal);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    private static partial int SignalAction(int signal, ReadOnlySpan<byte> action, nint previous);
}
