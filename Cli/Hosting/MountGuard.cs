using System.ComponentModel;
using System.Diagnostics;
using ClaudeFs.Cli.Commands;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Cli.Hosting;

/// <summary>
/// The process beside this one that runs <see cref="ConnectionGuard"/> for a mount. The thread that starts it waits for
/// it until the mount is gone: it is the one that is watched.
/// </summary>
internal sealed class MountGuard : IAsyncDisposable
{
    private readonly MountIdentity _mount;
    private readonly ILoop _loop;
    private readonly ILogger _log;
    private readonly TaskCompletionSource<StreamWriter?> _started =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isGone;

    public MountGuard(MountIdentity mount, ILoopFactory loops, ILogger log)
    {
        _mount = mount;
        _log = log;
        _loop = loops.Start("mount-guard");
        _loop.Post(static state => ((MountGuard)state!).Run(), this);
    }

    /// <summary>The mount is gone: lets the other process go, which ends with its standard input.</summary>
    public async ValueTask DisposeAsync()
    {
        _isGone = true;
        if (await _started.Task is { } input) await input.DisposeAsync();
        await _loop.DisposeAsync();
    }

    private void Run()
    {
        try
        {
            using var process = Start();
            _started.SetResult(process.StandardInput);
            process.WaitForExit();
            if (!_isGone) _log.MountUnguarded(null, _mount.Path);
        }
        catch (Exception fault) when (fault is Win32Exception or InvalidOperationException)
        {
            _log.MountUnguarded(fault, _mount.Path);
            _started.TrySetResult(null);
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!,
        [
            GuardCommand.Name, $"{Environment.ProcessId}", $"{ConnectionGuard.CurrentThread}", _mount.Path,
            $"{_mount.MountId}", $"{_mount.Connection}",
        ])
        {
            RedirectStandardInput = true,
            WorkingDirectory = "/",   // its own would keep a mount busy
        };
        return Process.Start(start) ?? throw new InvalidOperationException($"cannot start {start.FileName}");
    }
}
