using ClaudeFs.Mount.Tests.Crashes;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.TestKit.Time;
using ClaudeFs.TestKit;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>
/// The daemon is killed, or the power of its disk is cut, at random moments while strands create, write, fsync, rename,
/// link and unlink: afterwards all that was answered for is there, and fsck finds nothing. 20 of each, 200 with
/// CLAUDEFS_TEST_LONG=1.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const long DiskBytes = 256L << 20;
    private const int OperationsPerCrashMin = 5;
    private static readonly int Crashes = TestLength.IsLong ? 200 : 20;
    private static readonly int CrashesUnderTwo = TestLength.IsLong ? 20 : 1;

    /// <summary>A term of the sessions of before, and what a busy machine adds.</summary>
    private static readonly TimeSpan ComingBackMax = TimeSpan.FromSeconds(90);

    [Theory, InlineData("applied"), InlineData("commit")]
    public async Task What_was_answered_for_survives_kill_9(string ack)
    {
        await using var mount = await DevMount.StartAsync("64M", "--ack", ack);
        await RunAsync(
            mount, ack == "applied", isCut: false, () => mount.Daemon.KillAsync(), static () => Task.CompletedTask);
    }

    [Theory, InlineData("applied"), InlineData("commit")]
    public async Task What_was_answered_for_survives_power_cuts(string ack)
    {
        await using var started = await MountOnDisk.StartAsync("64M", DiskBytes, "--ack", ack);
        var (mount, disk) = (started.Mount, started.Disk);
        await RunAsync(mount, ack == "applied", isCut: true, async () =>
        {
            await disk.CutAsync();
            await mount.Daemon.KillAsync();
        }, disk.RestoreAsync);
    }

    [Fact]
    public async Task Kill_under_two_mounts_hangs_neither_and_the_second_comes_back_by_itself()
    {
        await using var mount = await DevMount.StartAsync("64M");
        await using var other = await mount.MountAgainAsync("b");
        await KillUnderTwoAsync(mount, other);
        await other.UnmountAsync();
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }

    private async Task KillUnderTwoAsync(DevMount mount, Daemon other)
    {
        var random = new Random(Environment.TickCount);
        await using var own = Strand.Start(Path.Combine(mount.MountPoint, "own"), random.Next(), isEarly: true);
        await using var remote = Strand.Start(Path.Combine(other.MountPoint, "remote"), random.Next(), isEarly: false);
        var progress = new Progress("kills under two mounts", TimeProvider.System);
        for (var i = 0; i <= CrashesUnderTwo; i++)
        {
            progress.Note(i, CrashesUnderTwo, "kills");
            Assert.Null(await own.CheckAsync(ComingBackMax));
            Assert.Null(await remote.CheckAsync(ComingBackMax));
            if (i == CrashesUnderTwo) break;
            await own.RunAsync();
            await remote.RunAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(100 + random.Next(1000)), TimeProvider.System);
            await mount.Daemon.KillAsync();
            var waiting = Shell.TryAsync($"stat '{other.MountPoint}/remote'", bound: ComingBackMax);
            Assert.Contains(await own.StopAsync(CrashCampaign.AtOnce), CrashCampaign.EndErrors);
            var dead = await Shell.TryAsync($"stat '{mount.MountPoint}'", bound: CrashCampaign.AtOnce);
            Assert.Contains("Transport endpoint is not connected", dead.Error, StringComparison.Ordinal);
            await mount.StartDaemonAsync();
            Assert.Equal(0, (await waiting).ExitCode);
            var error = await remote.StopAsync(ComingBackMax);
            Assert.True(error == "none", $"the second mount's work ended with {error}\n{other.Printed}");
        }

        output.WriteLine($"{CrashesUnderTwo} kills, {own.Operations} and {remote.Operations} operations");
    }

    private async Task RunAsync(DevMount mount, bool isEarly, bool isCut, Func<Task> goDown, Func<Task> comeBack)
    {
        // The strands have ended when the mount is to go.
        await using (var campaign = new CrashCampaign(mount, Environment.TickCount, isEarly, isCut))
        {
            await campaign.BeginAsync();
            var progress = new Progress($"crashes, seed {campaign.Seed}", TimeProvider.System);
            for (var i = 0; i < Crashes; i++)
            {
                await campaign.CrashAsync(i, goDown, comeBack);
                progress.Note(i + 1, Crashes, "crashes");
            }

            output.WriteLine($"seed {campaign.Seed}: {Crashes} crashes, {campaign.Operations} operations, "
                + $"{campaign.SyncedFiles} files whole since their fsync; slowest start {campaign.SlowestStart}");
            Assert.True(campaign.Operations > Crashes * OperationsPerCrashMin, "the strands hardly worked");
        }

        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }
}
