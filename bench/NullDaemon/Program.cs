using System.Globalization;
using ClaudeFs.Fuse.Session;
using ClaudeFs.NullDaemon;
using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging.Abstractions;

// cfs-null DIR [SECONDS [FILE]]: mounts an empty file system in memory whose names and attributes the kernel may keep
// for SECONDS (default 0: it asks each time), until umount(8), SIGTERM or SIGINT. With FILE an fsync writes and flushes
// a block there. Prints "mounted" when it is, and its counters at the end.
if (args.Length is 0 or > 3
    || !double.TryParse(args.ElementAtOrDefault(1) ?? "0", CultureInfo.InvariantCulture, out var seconds))
{
    Console.Error.WriteLine("usage: cfs-null DIR [SECONDS [FILE]]");
    return 64;
}

try
{
    var ttl = TimeSpan.FromSeconds(seconds);
    var fileSystem = args.Length == 3
        ? await DurableFileSystem.OpenAsync(TimeProvider.System, ttl, args[2])
        : new MemoryFileSystem(TimeProvider.System, ttl, ttl);
    FuseServices services = new(new ThreadLoopFactory(), TimeProvider.System, NullLogger.Instance);
    var mount =
        await FuseMount.MountAsync(
            args[0], fileSystem, new FuseOptions { Subtype = "cfs-null", Source = "cfs-null" }, services);
    Console.CancelKeyPress += (_, pressed) => pressed.Cancel = EndMount(mount);
    using var termination = System.Runtime.InteropServices.PosixSignalRegistration.Create(
        System.Runtime.InteropServices.PosixSignal.SIGTERM, context => context.Cancel = EndMount(mount));
    Console.WriteLine("mounted");
    await mount.Completion;
    foreach (var row in mount.StatisticsByOpcode)
    {
        Console.WriteLine($"{row.Opcode,-14} {row.Count,10} {row.Errors,8} "
            + $"p50<{row.MedianMicroseconds} us p99<{row.P99Microseconds} us");
    }

    return 0;
}
catch (FuseMountException refused)
{
    Console.Error.WriteLine($"cfs-null: {refused.Message}");
    return 1;
}

static bool EndMount(FuseMount mount)
{
    _ = mount.DisposeAsync().AsTask();
    return true;
}
