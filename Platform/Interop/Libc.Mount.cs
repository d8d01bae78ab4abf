using System.Runtime.InteropServices;

namespace ClaudeFs.Platform.Interop;

/// <summary>Mounting and what belongs to it. Sources: mount(2), umount2(2).</summary>
internal static partial class Libc
{
    internal const int MNT_FORCE = 1, MNT_DETACH = 2, UMOUNT_NOFOLLOW = 8;

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unmount(string target, int flags);

    /// <summary>The path without symbolic links; 0 when it fails. <paramref name="resolved"/> holds 4096
    /// bytes.</summary>
    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ResolvePath(string path, Span<byte> resolved);
}
