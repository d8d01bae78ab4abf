namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>
/// A `cfs dev` of a test's own: data directory, mount point and ports of its own, all gone after disposal. It can be
/// restarted and killed on the same data.
/// </summary>
internal sealed class DevMount : IAsyncDisposable
{
    private readonly string _root;
    private readonly string[] _extra;
    private Daemon? _next;

    private DevMount(string root, string? size, string[] extra)
    {
        _root = root;
        Size = size;
        _extra = extra;
        Port = Daemon.FreePort();
        AdminPort = Daemon.FreePort();
    }

    public string MountPoint => Path.Combine(_root, "mnt");

    public string DataDirectory => Path.Combine(_root, "data");

    /// <summary>Room for the test's other files, on the local file system.</summary>
    public string Scratch => Path.Combine(_root, "scratch");

    /// <summary>What --size says at the next start; null: it is not given.</summary>
    public string? Size { get; set; }

    public int Port { get; }

    public int AdminPort { get; }

    public Daemon Daemon { get; private set; } = null!;

    public static async Task<DevMount> StartAsync(string size = "3G", params string[] extra)
    {
        var mount = Prepare(size, extra);
        try
        {
            await mount.StartDaemonAsync();
        }
        catch (Exception)
        {
            await mount.DisposeAsync();
            throw;
        }
        return mount;
    }

    /// <summary>Directories and ports, nothing started.</summary>
    public static DevMount Prepare(string? size = null, params string[] extra)
    {
        var root = Directory.CreateTempSubdirectory("claudefs-test-").FullName;
        File.SetUnixFileMode(root, (UnixFileMode)0x1ED); // 0755: other users must get at the mount below
        Directory.CreateDirectory(Path.Combine(root, "scratch"));
        return new(root, size, extra);
    }

    public async Task StartDaemonAsync()
    {
        var daemon = _next ?? PrepareDaemon();
        _next = null;
        await daemon.GoAsync();
        Daemon = daemon;
    }

    /// <summary>
    /// kill -9, with the next start's process prepared before: for those who have files open on another mount.
    /// </summary>
    public async Task KillAsync()
    {
        _next = PrepareDaemon();
        await Daemon.KillAsync();
    }

    /// <summary>umount, wait for the end, start again on the same data.</summary>
    public async Task RestartAsync()
    {
        await Daemon.UnmountAsync();
        await Daemon.DisposeAsync();
        await StartDaemonAsync();
    }

    /// <summary>kill -9, start again on the same data; the start replaces the dead mount.</summary>
    public async Task CrashAndRestartAsync()
    {
        await Daemon.KillAsync();
        var dead = Daemon;
        await StartDaemonAsync();
        GC.KeepAlive(dead);
    }

    /// <summary>A second mount of the same file system, in a process of its own.</summary>
    public Task<Daemon> MountAgainAsync(string name)
    {
        var mountPoint = Path.Combine(_root, name);
        return Daemon.StartAsync(mountPoint, "mount", mountPoint, "--endpoints", $"127.0.0.1:{Port}");
    }

    /// <summary>`cfs fsck` of the unmounted data directory must find nothing.</summary>
    public async Task AssertCleanAsync()
    {
        var result = await Shell.TryAsync($"'{Daemon.Program}' fsck --data '{DataDirectory}'");
        Assert.True(result.ExitCode == 0, $"fsck ended with {result.ExitCode}: {result.Output}{result.Error}");
    }

    private Daemon PrepareDaemon()
    {
        string[] size = Size is null ? [] : ["--size", Size];
        return Daemon.Prepare(
            MountPoint, ["dev", MountPoint, "--data", DataDirectory, "--listen", $"127.0.0.1:{Port}",
                "--admin", $"127.0.0.1:{AdminPort}", .. size, .. _extra]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_next is not null) await _next.DisposeAsync();
        if (Daemon is not null) await Daemon.DisposeAsync();
        await Shell.RunAsync($"rm -rf '{_root}'");   // Directory.Delete leaves names that are not UTF-8
    }
}
