using System.Runtime.InteropServices;

namespace ClaudeFs.Platform.Interop;

/// <summary>Processes and threads as the kernel names them. Sources: pidfd_open(2), gettid(2).</summary>
internal static partial class Libc
{
    /// <summary>PIDFD_THREAD: the descriptor stands for one thread. From Linux 6.9; EINVAL before.</summary>
    internal const uint ThreadDescriptor = 0x80;

    /// <summary>A descriptor that polls as readable once the process, or the thread, has ended.</summary>
    [LibraryImport("libc", EntryPoint = "pidfd_open", SetLastError = true)]
    internal static partial int ProcessDescriptor(int id, uint flags);

    /// <summary>The calling thread's id, unique in the system.</summary>
    [LibraryImport("libc", EntryPoint = "gettid")]
    internal static partial int CurrentThreadId();
}
