using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Interop;

/// <summary>What the file system under a path has left.</summary>
/// <param name="TotalBytes">Its size.</param>
/// <param name="AvailableBytes">What may still be written by this user.</param>
public readonly record struct FreeSpace(long TotalBytes, long AvailableBytes)
{
    /// <summary>Asks statvfs(2) for the file system that holds <paramref name="path"/>, which exists.</summary>
    public static unsafe FreeSpace Of(string path)
    {
        Libc.StatvfsBuffer buffer = default;
        if (Libc.Statvfs(path, &buffer) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new FsException((FsError)error, $"{path}: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        return new FreeSpace(
            checked((long)(buffer.Blocks * buffer.FragmentBytes)),
            checked((long)(buffer.BlocksAvailable * buffer.FragmentBytes)));
    }
}
