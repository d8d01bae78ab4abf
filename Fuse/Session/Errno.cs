using System.Runtime.InteropServices;

namespace ClaudeFs.Fuse.Session;

/// <summary>Words for the errnos of system calls.</summary>
internal static class Errno
{
    internal static string Describe(int errno) => $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
}
