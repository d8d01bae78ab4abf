using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Mounting without root, by the set-user-id program fusermount3: it mounts and sends back the open /dev/fuse over a
/// socket that _FUSE_COMMFD names. Source: fusermount3(1), libfuse's lib/mount.c (the protocol, not the code).
/// </summary>
internal static class FuserMount
{
    private const string Program = "fusermount3";

    internal static bool IsInstalled => Find() is not null;

    /// <summary>Throws <see cref="FuseMountException"/> with what the program says.</summary>
    internal static FuseDevice Mount(string path, string mountOptions)
    {
        var program = Find() ?? throw new FuseMountException(
            "only root may mount, and fusermount3 is not installed: install the package fuse3, or run as root");
        using var passing = DescriptorPassing.TryCreate()
            ?? throw new FuseMountException(
                $"no socket for {Program}: {Errno.Describe(Marshal.GetLastPInvokeError())}");
        var start = Prepare(program, "-o", mountOptions, "--", path);
        start.Environment["_FUSE_COMMFD"] = passing.ChildDescriptor.ToString(CultureInfo.InvariantCulture);
        using var process = Start(start);
        passing.CloseChildEnd();
        var descriptor = passing.Receive();
        var said = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        return descriptor is not null
            ? new(descriptor)
            : throw new FuseMountException(
                said.Length != 0 ? said : $"{Program} failed with exit code {process.ExitCode}");
    }

    /// <summary>False with what the program says.</summary>
    internal static bool TryUnmount(string path, bool lazy, out string said)
    {
        var program = Find();
        if (program is null)
        {
            said = $"{Program} is not installed";
            return false;
        }

        using var process = Start(lazy ? Prepare(program, "-u", "-z", "--", path) : Prepare(program, "-u", "--", path));
        said = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static ProcessStartInfo Prepare(string program, params string[] arguments) =>
        new(program, arguments) { RedirectStandardError = true, UseShellExecute = false };

    private static Process Start(ProcessStartInfo start) =>
        Process.Start(start) ?? throw new FuseMountException($"{start.FileName} cannot be started");

    private static string? Find()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        foreach (var directory in path.Split(':').Append("/usr/bin").Append("/bin"))
        {
            var candidate = Path.Combine(directory, Program);
            if (directory.Length != 0 && File.Exists(candidate)) return candidate;
        }

        return null;
    }
}
