using System.Diagnostics;
using System.Globalization;

namespace ClaudeFs.Mount.Tests.Crashes;

/// <summary>
/// strand.py in a process of its own, so that a mount that hangs hangs it and not the test: every answer has a bound.
/// </summary>
internal sealed class Strand : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _name;

    private Strand(Process process, string name) => (_process, _name) = (process, name);

    /// <summary>Operations that were answered, all runs together.</summary>
    public long Operations { get; private set; }

    /// <summary>Files whose whole content had been answered for by fsync, all checks together.</summary>
    public long SyncedFiles { get; private set; }

    /// <summary>
    /// Starts one that works in <paramref name="directory"/> of a mount that is answered before the commit, or after.
    /// </summary>
    public static Strand Start(string directory, int seed, bool isEarly)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Crashes", "strand.py");
        string[] arguments =
            [script, directory, seed.ToString(CultureInfo.InvariantCulture), isEarly ? "early" : "committed"];
        var start = new ProcessStartInfo("python3", arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        return new(Process.Start(start)!, $"{directory} (seed {seed})");
    }

    /// <summary>Begins operations.</summary>
    public Task RunAsync() => _process.StandardInput.WriteLineAsync("run");

    /// <summary>Ends operations; returns the error that ended them before, or "none".</summary>
    public async Task<string> StopAsync(TimeSpan bound)
    {
        var answer = (await AskAsync("stop", bound)).Split(' ');
        Operations += long.Parse(answer[2], CultureInfo.InvariantCulture);
        return answer[1];
    }

    /// <summary>Compares what is there with what must be; returns the difference, or null.</summary>
    public async Task<string?> CheckAsync(TimeSpan bound)
    {
        var answer = await AskAsync("check", bound);
        if (!answer.StartsWith("ok ", StringComparison.Ordinal)) return answer;
        SyncedFiles += long.Parse(answer.Split(' ')[2], CultureInfo.InvariantCulture);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private async Task<string> AskAsync(string command, TimeSpan bound)
    {
        await _process.StandardInput.WriteLineAsync(command);
        try
        {
            return await _process.StandardOutput.ReadLineAsync().WaitAsync(bound)
                ?? throw new InvalidOperationException($"{_name}: strand.py ended");
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"{_name}: no answer to '{command}' within {bound}: the mount hangs");
        }
    }
}
