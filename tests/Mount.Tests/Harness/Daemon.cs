using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>
/// A `cfs` process that mounts: `cfs dev` or `cfs mount`. Disposal unmounts it, and if it does not go, kills it and
/// detaches the mount: nothing is left behind also when a test fails.
/// </summary>
internal sealed class Daemon : IAsyncDisposable
{
    /// <summary>How long a start, a stop or a flush may take before the test fails.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _printed = new();
    private (string Text, TaskCompletionSource Printed)? _awaited;
    private bool _isDisposed;
    private readonly TaskCompletionSource _mounted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Daemon(Process process, string mountPoint)
    {
        _process = process;
        MountPoint = mountPoint;
    }

    public string MountPoint { get; }

    public int ProcessId => _process.Id;

    public string Printed { get { lock (_printed) return _printed.ToString(); } }

    /// <summary>Path of the program under test: the one that people run, in its own output folder.</summary>
    public static string Program { get; } = Path.Combine(
        AppContext.BaseDirectory, "../../../../../Cli/bin",
        Path.GetRelativePath(Path.Combine(AppContext.BaseDirectory, "../.."), AppContext.BaseDirectory), "cfs");

    /// <summary>Starts `cfs ARGUMENTS` and waits until it says that <paramref name="mountPoint"/> is mounted.</summary>
    public static async Task<Daemon> StartAsync(string mountPoint, params string[] arguments)
    {
        var daemon = Prepare(mountPoint, arguments);
        await daemon.GoAsync();
        return daemon;
    }

    /// <summary>
    /// A process that becomes `cfs ARGUMENTS` with <see cref="GoAsync"/>. A new process closes what this one has open,
    /// and such a close waits for the mount: a daemon that others of this process' files wait for is prepared before.
    /// </summary>
    public static Daemon Prepare(string mountPoint, params string[] arguments)
    {
        string[] shell = ["-c", "read -r go && exec \"$@\"", "sh", Program];
        var start = new ProcessStartInfo("/bin/sh", [.. shell, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var daemon = new Daemon(process, mountPoint);
        process.OutputDataReceived += (_, e) => daemon.Print(e.Data);
        process.ErrorDataReceived += (_, e) => daemon.Print(e.Data);
        process.Exited += (_, _) => daemon._mounted.TrySetException(
            new InvalidOperationException(
                $"cfs {string.Join(' ', arguments)} ended with {process.ExitCode}: {daemon.Printed}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return daemon;
    }

    /// <summary>Lets a prepared one go, until it is mounted; it is gone when that fails.</summary>
    public async Task GoAsync()
    {
        try
        {
            await _process.StandardInput.WriteLineAsync("go");
            await _process.StandardInput.FlushAsync();
            await _mounted.Task.WaitAsync(Bound);
        }
        catch (Exception)
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// kill -9: what a crash of the daemon is. The dead mount stays until <see cref="DisposeAsync"/> or a new start.
    /// </summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>umount(8), and the daemon's end after its flush, with this exit code.</summary>
    public async Task UnmountAsync(int exitCode = 0)
    {
        await Shell.RunAsync($"umount '{MountPoint}'");
        await WaitForExitAsync();
        Assert.True(_process.ExitCode == exitCode, $"after umount cfs ended with {_process.ExitCode}: {Printed}");
    }

    public void Signal(string name) => Process.Start("kill", [$"-{name}", $"{ProcessId}"]).WaitForExit();

    /// <summary>Waits until a line that contains <paramref name="text"/> was printed.</summary>
    public async Task WaitForLineAsync(string text)
    {
        var printed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_printed)
        {
            if (Printed.Contains(text, StringComparison.Ordinal)) return;
            _awaited = (text, printed);
        }
        await printed.Task.WaitAsync(Bound);
    }

    public async Task<int> WaitForExitAsync()
    {
        using var timeout = new CancellationTokenSource(Bound);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"cfs {ProcessId} still runs {Bound} after it was told to end: {Printed}");
        }
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();   // a prepared one ends
            await Shell.TryAsync($"umount '{MountPoint}' || umount -l '{MountPoint}'");
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            try { await _process.WaitForExitAsync(timeout.Token); }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
        if (File.ReadLines("/proc/self/mounts").Any(line => line.Split(' ')[1] == MountPoint))
            await Shell.TryAsync($"umount -l '{MountPoint}'");
        _process.Dispose();
    }

    /// <summary>A loopback port that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Print(string? line)
    {
        if (line is null) return;
        lock (_printed)
        {
            _printed.AppendLine(line);
            if (_awaited is var (text, printed) && line.Contains(text, StringComparison.Ordinal))
                printed.TrySetResult();
        }
        if (line.StartsWith("mounted ", StringComparison.Ordinal)) _mounted.TrySetResult();
    }
}
