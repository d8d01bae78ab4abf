using System.Diagnostics;

namespace ClaudeFs.Fuse.Tests;

/// <summary>Commands of the system.</summary>
internal static class Shell
{
    /// <summary>Runs a script with bash -e; fails the test with what it says when it fails. Returns what it
    /// prints.</summary>
    public static string Run(string script)
    {
        using var process = Start(script);
        var printed = process.StandardOutput.ReadToEndAsync();
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{script}\nexit code {process.ExitCode}\n{said}");
#pragma warning disable VSTHRD002 // the process has ended, and its pipe with it
        return printed.Result;
#pragma warning restore VSTHRD002
    }

    /// <summary>Starts a script; the caller ends it.</summary>
    public static Process Start(string script) => Process.Start(
        new ProcessStartInfo("/bin/bash", ["-e", "-u", "-o", "pipefail", "-c", script])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
}
