using System.Diagnostics;
using System.Globalization;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests.Crashes;

/// <summary>
/// strace at a process, making calls of one kind on one file fail: a disk that answers with errors, or a kill at one of
/// them. Disposal heals it.
/// </summary>
internal sealed class SystemCallFault : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private readonly Process _strace;
    private readonly string _record;

    private SystemCallFault(Process strace, string record) => (_strace, _record) = (strace, record);

    /// <summary>From some moment soon on <paramref name="call"/> on <paramref name="path"/> fails.</summary>
    public static SystemCallFault Inject(int processId, string path, string call, string error, string record) =>
        Attach(processId, path, call, $"error={error}", record);

    /// <summary>One of the next of <paramref name="call"/>, counted from 1, ends the process.</summary>
    public static SystemCallFault Kill(int processId, string path, string call, int number, string record) =>
        Attach(processId, path, call, $"signal=KILL:when={number}", record);

    /// <summary>When the first call began that failed, seconds since 1970.</summary>
    public async Task<double> FirstAsync()
    {
        await Shell.WaitAsync($"grep -q INJECTED '{_record}'", Bound);
        var first = File.ReadLines(_record).First(line => line.Contains("INJECTED", StringComparison.Ordinal));
        return double.Parse(
            first.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static SystemCallFault Attach(int processId, string path, string call, string what, string record)
    {
        var start = new ProcessStartInfo("strace", ["-f", "-qq", "-ttt", "-o", record, "-p", $"{processId}", "-P", path,
            "-e", $"trace={call}", "-e", $"inject={call}:{what}"]);
        return new(Process.Start(start)!, record);
    }

    public async ValueTask DisposeAsync()
    {
        // SIGTERM: strace detaches and lets the process go on.
        if (!_strace.HasExited) await Shell.TryAsync($"kill {_strace.Id}");
        await _strace.WaitForExitAsync(CancellationToken.None).WaitAsync(Bound);
        _strace.Dispose();
    }
}
