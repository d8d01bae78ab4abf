using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.TestKit;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// The file system itself is full, again and again: ENOSPC, everything readable and whole, names go, and their space is
/// there for the next writer. Two cycles, thirty with CLAUDEFS_TEST_LONG=1.
/// </summary>
public sealed class FullFileSystemTests
{
    private static readonly int Cycles = TestLength.IsLong ? 30 : 2;

    // Makes files until one does not fit, and takes that one away; the others must be more than a few.
    private const string Fill = """
        n=0
        while cp ../scratch/block f$CYCLE-$n 2>errors && sync f$CYCLE-$n 2>errors; do n=$((n+1)); test $n -lt 200; done
        grep -q 'No space left on device' errors
        rm -f f$CYCLE-$n errors
        test $n -ge 5
        """;

    private const string Check = "for f in f*; do cmp ../scratch/block $f; done";

    [Fact]
    public async Task Files_come_and_go_on_a_full_file_system()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await MakeBlockAsync(mount);
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            await RunAsync(cycle, mount.MountPoint, $"{Fill}\n{Check}\nrm $(ls f* | awk 'NR % 2')\n{Check}");
        }

        await Shell.RunAsync("rm f*", mount.MountPoint);
        await EndAsync(mount);
    }

    [Fact]
    public async Task What_one_mount_removes_the_other_can_write()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await MakeBlockAsync(mount);
        await using (var other = await mount.MountAgainAsync("b"))
        {
            for (var cycle = 0; cycle < Cycles; cycle++)
            {
                var (filler, remover) = cycle % 2 == 0
                    ? (mount.MountPoint, other.MountPoint)
                    : (other.MountPoint, mount.MountPoint);
                await RunAsync(cycle, filler, Fill);
                await RunAsync(cycle, remover, $"{Check}\nrm f*");
            }

            await other.UnmountAsync();
        }

        await EndAsync(mount);
    }

    private static async Task MakeBlockAsync(DevMount mount) =>
        await Shell.RunAsync($"head -c 4000000 /dev/urandom >'{mount.Scratch}/block'");

    private static async Task RunAsync(int cycle, string directory, string script) =>
        await Shell.RunAsync($"CYCLE={cycle}\n{script}", directory);

    private static async Task EndAsync(DevMount mount)
    {
        await Shell.RunAsync("test -z \"$(ls)\"; echo last >last; sync last", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }
}
