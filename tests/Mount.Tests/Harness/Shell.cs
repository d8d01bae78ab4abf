using System.Diagnostics;

namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record ShellResult(int ExitCode, string Output, string Error);

/// <summary>Runs commands of the system as a person would type them.</summary>
internal static class Shell
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Runs a bash script; fails the test with all it printed unless it exits with 0. Returns its output.
    /// </summary>
    public static async Task<string> RunAsync(string script, string? directory = null, TimeSpan? bound = null)
    {
        var result = await TryAsync(script, directory, bound);
        Assert.True(result.ExitCode == 0, $"`{script}` ended with {result.ExitCode}\n{result.Output}\n{result.Error}");
        return result.Output;
    }

    /// <summary>Waits until a condition, a bash command, holds; past its bound the test fails and shows it.</summary>
    public static Task<string> WaitAsync(string condition, TimeSpan bound) =>
        RunAsync($"until {condition}; do sleep 0.1; done", bound: bound);

    /// <summary>
    /// Runs a bash script and returns how it ended; a script that outlives the bound is killed and fails the test.
    /// </summary>
    public static async Task<ShellResult> TryAsync(string script, string? directory = null, TimeSpan? bound = null)
    {
        var start = new ProcessStartInfo("/bin/bash")
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
            WorkingDirectory = directory ?? "/",
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("set -eu -o pipefail; " + script);
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(bound ?? Bound);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"`{script}` still ran after {bound ?? Bound}");
        }
        return new(process.ExitCode, await output, await error);
    }
}
