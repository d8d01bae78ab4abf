using System.CommandLine;
using ClaudeFs.Cli.Commands;
using ClaudeFs.Primitives;

namespace ClaudeFs.Cli;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var parsed = CommandTree.Build().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors) await Console.Error.WriteLineAsync($"cfs: {error.Message}");
            await Console.Error.WriteLineAsync("cfs: see `cfs --help`");
            return (int)ExitCode.Usage;
        }

        try
        {
            // Signals are each command's own: `dev` and `mount` flush and unmount before they end.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (CommandFailure failure)
        {
            await Console.Error.WriteLineAsync($"cfs: {failure.Message}");
            return (int)failure.Code;
        }
        catch (FsException fault)
        {
            await Console.Error.WriteLineAsync($"cfs: {fault.Message}");
            return (int)(fault.Error switch
            {
                FsError.ENOSPC => ExitCode.CannotCreate,
                FsError.EBUSY => ExitCode.Busy,
                FsError.ENOENT => ExitCode.Unavailable,
                FsError.EACCES or FsError.EPERM => ExitCode.NoPermission,
                FsError.EINVAL or FsError.EPROTO => ExitCode.BadData,
                _ => ExitCode.Io,
            });
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"cfs: {fault.Message}");
            return (int)(fault is UnauthorizedAccessException ? ExitCode.NoPermission : ExitCode.Io);
        }
    }
}
