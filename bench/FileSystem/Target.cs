using System.Diagnostics;

namespace ClaudeFs.Bench.FileSystem;

/// <summary>A file system under measurement: a directory, and the process that serves it, if one does.</summary>
internal sealed class Target(
    string name, string directory, string? program, string[] arguments, bool restartsWhenCold) : IDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private Process? _process;

    public string Name => name;

    public string Directory => directory;

    /// <summary>Starts the daemon and waits for its line "mounted ...".</summary>
    public void Start()
    {
        if (program is null) return;
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardInput = true,
        };
        _process = new Process { StartInfo = start };
        var mounted = false;
        using var decided = new ManualResetEventSlim();
        _process.OutputDataReceived += (_, line) =>
        {
            if (mounted) return;
            mounted = line.Data?.StartsWith("mounted", StringComparison.Ordinal) ?? false;
            if (mounted || line.Data is null) decided.Set();
        };
        _process.Start();
        _process.BeginOutputReadLine();
        decided.Wait();
        if (!mounted)
            throw new InvalidOperationException($"{name}: {program} ended before it mounted {directory}");
    }

    public void Stop()
    {
        if (_process is null) return;
        Process.Start("umount", [directory]).WaitForExit();
        if (!_process.WaitForExit(Bound))
        {
            Process.Start("umount", ["-l", directory]).WaitForExit();
            _process.Kill();
        }
        _process.Dispose();
        _process = null;
    }

    /// <summary>Empties what the daemon itself caches: by a new one.</summary>
    public void Cool()
    {
        if (!restartsWhenCold) return;
        Stop();
        Start();
    }

    public void Dispose() => Stop();
}
