using System.Runtime.InteropServices;

namespace ClaudeFs.Platform.Interop;

/// <summary>
/// File system calls as they are, without what System.IO adds (a stat and a lock on each open): for benchmarks and
/// tests that count system calls. Results are those of the calls, -1 with errno in <see cref="LastError"/>.
/// </summary>
internal static partial class Posix
{
    internal const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, Truncate = 0x200;
    internal const int CloseOnExec = 0x80000;

    /// <summary>errno of the calling thread's last failed call.</summary>
    internal static int LastError => Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RemoveDirectory(string path);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Rename(string path, string newPath);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unlink(string path);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Access(string path, int mode);

    /// <summary>stat(2) into a buffer of at least 144 bytes (struct stat of x86-64 and arm64).</summary>
    [LibraryImport("libc", EntryPoint = "stat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Stat(string path, Span<byte> status);

    /// <summary>statfs(2) into a buffer of at least 120 bytes (struct statfs of x86-64 and arm64).</summary>
    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatFileSystem(string path, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint Read(int descriptor, Span<byte> destination, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint Write(int descriptor, ReadOnlySpan<byte> source, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int SetLength(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int ChangeMode(string path, uint mode);

    /// <summary>getdents64(2): the next entries of a directory, as struct linux_dirent64.</summary>
    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    internal static partial nint ReadEntries(int descriptor, Span<byte> entries, nint count);

    [LibraryImport("libc", EntryPoint = "sync")]
    internal static partial void SyncAll();

    /// <summary>read(2): the next bytes of a descriptor that has no offset.</summary>
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint ReadNext(int descriptor, Span<byte> destination, nint count);

    /// <summary>mount(2).</summary>
    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Mount(string source, string target, string type, nuint flags, string data);

    /// <summary>umount2(2).</summary>
    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unmount(string path, int flags);

    /// <summary>setsid(2): leaves the terminal's session, so that its signals do not arrive.</summary>
    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    internal static partial int NewSession();

    /// <summary>Points a descriptor at /dev/null.</summary>
    internal static void RedirectToNull(int descriptor)
    {
        var target = Open("/dev/null", ReadWrite, 0);
        if (target < 0) return;
        _ = Duplicate(target, descriptor);
        _ = Close(target);
    }

    /// <summary>
    /// Sets up the smallest ring and closes it: None when io_uring is to be had, else why not. Source:
    /// io_uring_setup(2).
    /// </summary>
    internal static Primitives.FsError ProbeRing()
    {
        const int SetupCall = 425, ParametersBytes = 120;
        Span<byte> parameters = stackalloc byte[ParametersBytes];
        parameters.Clear();
        var ring = SystemCall(SetupCall, 1, parameters);
        if (ring < 0) return (Primitives.FsError)LastError;
        _ = Close((int)ring);
        return Primitives.FsError.None;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, Span<byte> second);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Duplicate(int source, int target);
}
