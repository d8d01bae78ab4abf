using System.Buffers.Binary;
using System.Globalization;
using ClaudeFs.Cli.Commands;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;

namespace ClaudeFs.Cli;

/// <summary>
/// Asks the kernel what FUSE it speaks: mounts on a directory of its own, reads the INIT request, and ends. Nothing is
/// ever served there, and nobody sees it. Source: linux/fuse.h (fuse_in_header 40 bytes, fuse_init_in).
/// </summary>
internal static class FuseProbe
{
    private const int RequestBytes = 8192 + 4096;
    private const int HeaderBytes = 40;
    private const int InitOpcode = 26;
    private const int Detach = 2;
    private const ulong Passthrough = 1UL << 37, OverRing = 1UL << 41;

    public static IEnumerable<DoctorFinding> Examine()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            yield return new("FUSE protocol", "missing", "only root can ask the kernel: run `cfs doctor` as root");
            yield break;
        }
        var (error, major, minor, flags) = ReadInit();
        if (error is not null)
        {
            yield return new("FUSE protocol", "needed", error);
            yield break;
        }
        yield return new(
            "FUSE protocol", "ok",
            string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}, flags 0x{flags:x}"));
        yield return (flags & Passthrough) != 0
            ? new("passthrough", "ok", "offered by the kernel (not used yet)")
            : new("passthrough", "missing", "needs Linux 6.9: reads and writes go through the daemon");
        yield return (flags & OverRing) != 0
            ? new("FUSE over io_uring", "ok", "offered by the kernel (not used yet)")
            : new("FUSE over io_uring", "missing", "not enabled: echo Y > /sys/module/fuse/parameters/enable_uring");
    }

    private static (string? Error, uint Major, uint Minor, ulong Flags) ReadInit()
    {
        var directory = Directory.CreateTempSubdirectory("cfs-doctor-").FullName;
        var device = Posix.Open("/dev/fuse", Posix.ReadWrite, 0);
        if (device < 0) return ($"/dev/fuse: {(FsError)Posix.LastError}", 0, 0, 0);
        var isMounted = false;
        try
        {
            var options = string.Create(
                CultureInfo.InvariantCulture, $"fd={device},rootmode=40000,user_id=0,group_id=0");
            if (Posix.Mount("cfs-doctor", directory, "fuse.cfs-doctor", 0, options) < 0)
                return ($"mount: {(FsError)Posix.LastError}: in a container, CAP_SYS_ADMIN is needed", 0, 0, 0);
            isMounted = true;
            Span<byte> request = stackalloc byte[RequestBytes];
            var length = (int)Posix.ReadNext(device, request, request.Length);
            var opcode = length >= HeaderBytes + 16 ? BinaryPrimitives.ReadInt32LittleEndian(request[4..]) : -1;
            if (opcode != InitOpcode)
                return ($"the kernel did not begin with INIT ({length} bytes, opcode {opcode})", 0, 0, 0);
            var init = request[HeaderBytes..length];
            ulong flags = BinaryPrimitives.ReadUInt32LittleEndian(init[12..]);
            if (init.Length >= 20) flags |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(init[16..]) << 32;
            return (
                null, BinaryPrimitives.ReadUInt32LittleEndian(init),
                BinaryPrimitives.ReadUInt32LittleEndian(init[4..]), flags);
        }
        finally
        {
            _ = Posix.Close(device);
            if (isMounted) _ = Posix.Unmount(directory, Detach);
            Directory.Delete(directory);
        }
    }
}
