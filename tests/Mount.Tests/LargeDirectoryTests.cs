using System.Diagnostics;
using System.Globalization;
using ClaudeFs.Cli.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.Silo;
using Microsoft.Extensions.Logging;
using Xunit.Abstractions;

namespace ClaudeFs.Mount.Tests;

/// <summary>A directory of a million entries is as fast as a small one.</summary>
public sealed class LargeDirectoryTests(ITestOutputHelper output)
{
    private const int Entries = 1_000_000;
    private const int Small = 100;
    private const int Rounds = 200;

    /// <summary>Noise of a shared machine; a cost that grows with the directory would be thousands of times.</summary>
    private const double RatioMax = 10;

    [Fact]
    public async Task Create_lookup_and_first_page_cost_what_they_cost_in_a_small_one()
    {
        await using var mount = await DevMount.StartAsync("2G");
        await Shell.RunAsync(
            $"mkdir large small && cd small && for i in $(seq 0 {Small - 1}); do : >f$i; done", mount.MountPoint);
        var inode = await Shell.RunAsync("stat -c %i large", mount.MountPoint);
        await mount.Daemon.UnmountAsync();
        await FillAsync(mount.DataDirectory, new(ulong.Parse(inode, CultureInfo.InvariantCulture)));
        await mount.StartDaemonAsync();

        Compare("create", mount, (directory, i) => File.WriteAllText($"{directory}/new{i}", ""));
        Compare("lookup", mount, (directory, i) =>
        {
            var count = directory.EndsWith("large", StringComparison.Ordinal) ? Entries : Small;
            Assert.True(File.Exists($"{directory}/f{i * 7919 % count}"));
            Assert.False(File.Exists($"{directory}/absent{i}"));
        });
        // The first entry alone: opendir, one page, close.
        Compare(
            "first page", mount,
            (directory, _) => Assert.NotEmpty(Directory.EnumerateFileSystemEntries(directory).Take(1)));
        Assert.Equal($"{Entries + Rounds}\n", await Shell.RunAsync("ls -U large | wc -l", mount.MountPoint));
    }

    private async Task FillAsync(string dataDirectory, InodeId directory)
    {
        using var loggers = LoggerFactory.Create(_ => { });
        var started = Stopwatch.GetTimestamp();
        await using var silo = await EmbeddedSilo.StartAsync(
            new() { DataDirectory = dataDirectory }, loggers, Loggers.CreateLoops(loggers), TimeProvider.System,
            new SystemIdSource());
        var loaded = await new BulkLoader(silo.Metadata, directory).LoadAsync("f", Entries, Caller.Root);
        Assert.Equal(FsError.None, loaded.Error);
        output.WriteLine($"{Entries} entries loaded in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");
    }

    private void Compare(string what, DevMount mount, Action<string, int> operation)
    {
        var small = Median($"{mount.MountPoint}/small", operation);
        var large = Median($"{mount.MountPoint}/large", operation);
        output.WriteLine($"{what}: {small:0} µs in a directory of {Small}, {large:0} µs in one of {Entries}");
        Assert.True(
            large < small * RatioMax,
            $"{what}: {large:0} µs in a directory of {Entries}, {small:0} µs in one of {Small}");
    }

    private static double Median(string directory, Action<string, int> operation)
    {
        var times = new double[Rounds];
        for (var i = 0; i < Rounds; i++)
        {
            var started = Stopwatch.GetTimestamp();
            operation(directory, i);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
        Array.Sort(times);
        return times[Rounds / 2];
    }
}
