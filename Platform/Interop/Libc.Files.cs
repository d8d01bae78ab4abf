using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ClaudeFs.Platform.Interop;

/// <summary>Imports of the C library, a file a topic. Numbers are those of Linux on x86-64 and arm64.</summary>
internal static partial class Libc
{
    internal const int ReadOnly = 0;
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int CloseOnExec = 0x80000;
    internal const int NonBlocking = 0x800;
    internal const int PathOnly = 0x200000;

    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int LockRelease = 8;

    /// <summary>O_DIRECT differs between the architectures. Source: asm/fcntl.h.</summary>
    internal static int Direct =>
        RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Flock(int descriptor, int operation);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int FdataSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Fallocate(int descriptor, int mode, long offset, long length);

    /// <summary>SYNC_FILE_RANGE_WRITE: begin to write dirty pages, do not wait. Source: linux/fs.h.</summary>
    internal const uint SyncRangeWrite = 2;

    [LibraryImport("libc", EntryPoint = "sync_file_range", SetLastError = true)]
    internal static partial int SyncFileRange(SafeFileHandle file, long offset, long length, uint flags);

    internal const int AdviceHugePage = 14, AdvicePopulateWrite = 23;

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static unsafe partial int MAdvise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Ftruncate(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "statvfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int Statvfs(string path, StatvfsBuffer* buffer);

    /// <summary>
    /// struct statvfs of glibc and musl on 64-bit Linux; room for what they append. Source: bits/statvfs.h.
    /// </summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct StatvfsBuffer
    {
        internal ulong BlockBytes;
        internal ulong FragmentBytes;
        internal ulong Blocks;
        internal ulong BlocksFree;
        internal ulong BlocksAvailable;
        internal ulong Files;
        internal ulong FilesFree;
        internal ulong FilesAvailable;
        internal ulong FileSystemId;
        internal ulong Flags;
        internal ulong NameBytesMax;
    }
}
