using System.Diagnostics;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Silo.Check;

namespace ClaudeFs.Mount.Tests.Crashes;

/// <summary>
/// Strands on a mount that goes down and comes back again and again. With <paramref name="isCut"/> the daemon outlives
/// its disk for a moment, in which it shows what the disk has, and no more what it had answered for before an fsync.
/// </summary>
internal sealed class CrashCampaign(DevMount mount, int seed, bool isEarly, bool isCut) : IAsyncDisposable
{
    /// <summary>A mount whose daemon is gone answers at once; generous, because the machine may be busy.</summary>
    public static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(15);

    /// <summary>What an operation may answer when the daemon or its disk dies under it.</summary>
    public static readonly string[] EndErrors = ["ENOTCONN", "ECONNABORTED", "ENODEV", "EIO", "EROFS"];

    /// <summary>Whether a strand may end so when the daemon or its disk dies under it.</summary>
    public static bool IsEnd(string error) =>
        // A write that the crash met is short: the kernel counts the pages that the daemon had taken.
        EndErrors.Contains(error) || error.EndsWith("-bytes-were-written", StringComparison.Ordinal);

    private const int StrandCount = 3;
    private const int LogLinesShown = 40;
    private const double LogGiB = 4.0 / 1024;
    private static readonly TimeSpan RunMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RunSpread = TimeSpan.FromMilliseconds(600);
    private static readonly TimeSpan StartPerGiBOfLog = TimeSpan.FromSeconds(5);

    /// <summary>What a start takes beside the log: a runtime on a machine that others use too.</summary>
    private static readonly TimeSpan StartOfProcess = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan CheckMax = TimeSpan.FromMinutes(1);

    private readonly Random _random = new(seed);
    private readonly List<Strand> _strands = [];

    public int Seed => seed;

    public long Operations => _strands.Sum(strand => strand.Operations);

    public long SyncedFiles => _strands.Sum(strand => strand.SyncedFiles);

    public TimeSpan SlowestStart { get; private set; }

    /// <summary>Makes the strands.</summary>
    public async Task BeginAsync()
    {
        for (var i = 0; i < StrandCount; i++)
        {
            _strands.Add(Strand.Start(Path.Combine(mount.MountPoint, $"strand{i}"), _random.Next(), isEarly));
        }

        await CheckAsync("at the beginning");
    }

    /// <summary>Work, a crash at a random moment, a start, a comparison of everything.</summary>
    public async Task CrashAsync(int number, Func<Task> goDown, Func<Task> comeBack)
    {
        foreach (var strand in _strands) await strand.RunAsync();
        // A moment drawn at random is the point here: the crash must fall anywhere in the work.
        await Task.Delay(RunMin + (RunSpread * _random.NextDouble()), TimeProvider.System);
        await goDown();
        foreach (var strand in _strands)
        {
            var error = await strand.StopAsync(AtOnce);
            var isTakenBack = isCut && error.StartsWith("taken-back:", StringComparison.Ordinal);
            Assert.True(isTakenBack || IsEnd(error), $"{Which(number)}: the work ended with {error}");
        }

        await comeBack();
        await AssertCleanAsync(number);
        var started = Stopwatch.GetTimestamp();
        await mount.StartDaemonAsync();
        var elapsed = Stopwatch.GetElapsedTime(started);
        if (elapsed > SlowestStart) SlowestStart = elapsed;
        Assert.True(elapsed < StartOfProcess + (StartPerGiBOfLog * LogGiB),
            $"{Which(number)}: start took {elapsed}\n{string.Join('\n', DaemonLog().TakeLast(LogLinesShown))}");
        await CheckAsync(Which(number));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var strand in _strands) await strand.DisposeAsync();
    }

    // `cfs fsck` within this process: a program's start each time would be most of the campaign's time.
    private async Task AssertCleanAsync(int number)
    {
        var result = await DataDirectoryCheck.RunAsync(mount.DataDirectory, repair: false, new ThreadLoopFactory(),
            new SystemIdSource(), TimeProvider.System, progress: null, CancellationToken.None);
        Assert.True(result.Findings.Count == 0, $"{Which(number)}: fsck: {string.Join('\n', result.Findings)}");
    }

    private async Task CheckAsync(string when)
    {
        foreach (var strand in _strands)
        {
            var fault = await strand.CheckAsync(CheckMax);
            Assert.True(fault is null, $"{when}: {fault}\n{mount.Daemon.Printed}");
        }
    }

    private IEnumerable<string> DaemonLog() => File.ReadLines(Path.Combine(mount.DataDirectory, "cfs.log"));

    private string Which(int number) => $"seed {seed}, crash {number}";
}
