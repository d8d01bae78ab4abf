using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Silo.Check;

namespace ClaudeFs.Mount.Tests.Damage;

/// <summary>
/// The data directory that a killed process left, with what its write-ahead logs and its log hold: to be damaged, and
/// put back.
/// </summary>
internal sealed class DirectoryCopy : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("claudefs-test-").FullName;

    private DirectoryCopy()
    {
    }

    /// <summary>Where it lies.</summary>
    public string Data => Path.Combine(_root, "data");

    /// <summary>Where a mount of it can be.</summary>
    public string MountPoint => Path.Combine(_root, "mnt");

    /// <summary>Its files as they were left, by name.</summary>
    public required IReadOnlyDictionary<string, byte[]> Good { get; init; }

    /// <summary>
    /// Does some work on a new file system, which ends with a kill, and neither write-ahead log empty.
    /// </summary>
    /// <param name="work">A script; works in the mount.</param>
    /// <param name="look">Sees the mount after it.</param>
    public static async Task<DirectoryCopy> OfKilledAsync(string work, Func<DevMount, Task>? look = null)
    {
        await using var mount = await DevMount.StartAsync("64M");
        await Shell.RunAsync(
            $"{work}; sync .; echo x >n; sync n; until test -s ../data/blocks.db-wal && test -s ../data/meta.db-wal; "
            + "do echo x >n; sync n; done", mount.MountPoint);
        if (look is not null) await look(mount);
        await mount.Daemon.KillAsync();
        return await OfDeadAsync(mount);
    }

    /// <summary>Of a mount whose process is dead; detaches it.</summary>
    public static async Task<DirectoryCopy> OfDeadAsync(DevMount mount)
    {
        await Shell.RunAsync($"umount -l '{mount.MountPoint}'");
        var copy = new DirectoryCopy
        {
            Good = Directory.GetFiles(mount.DataDirectory).ToDictionary(
                static path => Path.GetFileName(path), static path => File.ReadAllBytes(path)),
        };
        Directory.CreateDirectory(copy.Data);
        await copy.PutAsync();
        return copy;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>Puts all files back, but for one that is <paramref name="bytes"/> now.</summary>
    public async Task PutAsync(string? changed = null, byte[]? bytes = null)
    {
        foreach (var path in Directory.GetFiles(Data)) File.Delete(path);
        foreach (var (name, content) in Good)
            await File.WriteAllBytesAsync(Path.Combine(Data, name), name == changed ? bytes! : content);
    }

    /// <summary>The files as they are now.</summary>
    public Dictionary<string, byte[]> Read(params string[] names) =>
        names.ToDictionary(static name => name, name => File.ReadAllBytes(Path.Combine(Data, name)));

    /// <summary>The write-ahead log of a database, as it was left.</summary>
    public WalImage WalOf(string database) => new(Good[$"{database}-wal"]);

    /// <summary>As `cfs fsck` does.</summary>
    public Task<CheckResult> CheckAsync(bool repair = false) => DataDirectoryCheck.RunAsync(
        Data, repair, new ThreadLoopFactory(), new SystemIdSource(), TimeProvider.System, null,
        CancellationToken.None);

    /// <summary>A mount of it.</summary>
    public Task<Daemon> StartAsync() => Daemon.StartAsync(
        MountPoint, "dev", MountPoint, "--data", Data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0");
}
