using System.Diagnostics;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Cli.Hosting;

/// <summary>
/// `--background`: the command starts itself again, in a session of its own, and returns when the child says that it is
/// mounted, or with the child's error. .NET cannot fork, so the child is a new process of the same command line.
/// </summary>
internal static class BackgroundProcess
{
    private const string ChildVariable = "CLAUDEFS_BACKGROUND_CHILD";
    private const string ReadyLine = "claudefs-ready";

    /// <summary>
    /// Runs <paramref name="body"/> here, or in a background process. The body calls what it is given once it serves.
    /// </summary>
    public static async Task<int> RunAsync(bool isBackground, Func<Action, Task<int>> body)
    {
        if (Environment.GetEnvironmentVariable(ChildVariable) == "1") return await RunAsChildAsync(body);
        return isBackground ? await StartChildAsync() : await body(() => { });
    }

    private static async Task<int> RunAsChildAsync(Func<Action, Task<int>> body)
    {
        Environment.SetEnvironmentVariable(ChildVariable, null);
        _ = Posix.NewSession();
        return await body(() =>
        {
            Console.Out.WriteLine(ReadyLine);
            Console.Out.Flush();
            // The pipes' other ends go with the parent: from now on only the log speaks.
            Posix.RedirectToNull(1);
            Posix.RedirectToNull(2);
        });
    }

    private static async Task<int> StartChildAsync()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in Environment.GetCommandLineArgs().Skip(1)) start.ArgumentList.Add(argument);
        start.Environment[ChildVariable] = "1";
        using var child = Process.Start(start)
            ?? throw new CommandFailure(ExitCode.Internal, $"cannot start {Environment.ProcessPath}");
        child.StandardInput.Close();

        var errors = child.StandardError.ReadToEndAsync();
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line == ReadyLine) return (int)ExitCode.Success;
            await Console.Error.WriteLineAsync(line);
        }
        await child.WaitForExitAsync();
        await Console.Error.WriteAsync(await errors);
        return child.ExitCode == 0 ? (int)ExitCode.Internal : child.ExitCode;
    }
}
