using System.Diagnostics;
using System.Text.Json;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests.Crashes;

/// <summary>What acks.py saw.</summary>
/// <param name="Synced">Files that fsync answered for.</param>
/// <param name="Late">Calls that began after the first error and succeeded all the same.</param>
/// <param name="FirstFailure">When the first error came, seconds since 1970.</param>
/// <param name="LastSync">When the last fsync began that succeeded.</param>
/// <param name="Errors">Names of all errnos met.</param>
internal sealed record AckReport(int Synced, JsonElement[] Late, double FirstFailure, double LastSync, string[] Errors);

/// <summary>acks.py in a process of its own: threads that make files until each has met some errors.</summary>
internal sealed class AckWork : IAsyncDisposable
{
    private const int Threads = 3;
    private const int ErrorsPerThread = 20;
    private static readonly string Script = Path.Combine(AppContext.BaseDirectory, "Crashes", "acks.py");
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _directory;
    private readonly string _record;

    private AckWork(Process process, string directory, string record) =>
        (_process, _directory, _record) = (process, directory, record);

    /// <summary>
    /// Begins to make files of up to <paramref name="bytes"/> in <paramref name="directory"/>; returns when some of
    /// them are made and answered for.
    /// </summary>
    public static async Task<AckWork> StartAsync(string directory, string record, int bytes)
    {
        var start = new ProcessStartInfo(
            "python3", [Script, "run", directory, record, $"{Threads}", $"{ErrorsPerThread}", $"{bytes}"])
        {
            RedirectStandardOutput = true,
        };
        var work = new AckWork(Process.Start(start)!, directory, record);
        Assert.Equal("working", await work._process.StandardOutput.ReadLineAsync().WaitAsync(Bound));
        // The third file of the first thread comes after the fsync of its second.
        await Shell.WaitAsync($"test -e '{directory}/0-3'", Bound);
        return work;
    }

    /// <summary>Waits until every thread has met its errors.</summary>
    public async Task<AckReport> EndAsync()
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(Bound);
        Assert.True(line is not null, "acks.py ended without a report");
        return JsonSerializer.Deserialize<AckReport>(line)!;
    }

    /// <summary>All that fsync answered for must be there, byte by byte.</summary>
    public Task CheckAsync() => Shell.RunAsync($"python3 '{Script}' check '{_directory}' '{_record}'");

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
