using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;

namespace ClaudeFs.Silo;

/// <summary>
/// A data directory held by this process: DATA/device.cfs (log and segments), DATA/meta.db, DATA/blocks.db,
/// DATA/cfs.log, DATA/lock. Disposal gives it back.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly LockFile _lock;

    private DataDirectory(string path, LockFile held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    /// <summary>Log, segment table and segments: one preallocated file.</summary>
    public string Device => System.IO.Path.Combine(Path, "device.cfs");

    /// <summary>Rows of the metadata.</summary>
    public string Tables => System.IO.Path.Combine(Path, "meta.db");

    /// <summary>Rows of the segments.</summary>
    public string BlockIndex => System.IO.Path.Combine(Path, "blocks.db");

    /// <summary>Result of the last complete scrub.</summary>
    public string ScrubRecord => System.IO.Path.Combine(Path, "scrub.json");

    /// <summary>Where the admin API of the process listens that has the directory, as text: IP:PORT.</summary>
    public static string AdminAddress(string path) => System.IO.Path.Combine(path, "admin");

    /// <summary>The lock of a directory: who holds it, has it.</summary>
    public static string LockPath(string path) => System.IO.Path.Combine(path, "lock");

    /// <summary>What happened, as text.</summary>
    public static string LogFile(string path) => System.IO.Path.Combine(path, "cfs.log");

    /// <summary>Whether a file system was made here.</summary>
    public bool HasFileSystem => File.Exists(Device);

    /// <summary>
    /// Takes the directory, making it if <paramref name="create"/>. Throws <see cref="FsException"/>: EBUSY (another
    /// process has it, with its pid), ENOENT, EACCES.
    /// </summary>
    public static DataDirectory Acquire(string path, bool create)
    {
        if (!Directory.Exists(path))
        {
            if (!create)
                throw new FsException(FsError.ENOENT, $"{path}: there is no data directory; name one with --data");
            try
            {
                Directory.CreateDirectory(path, OwnerOnly);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new FsException(
                    FsError.EACCES, $"{path}: the data directory cannot be made: {fault.Message}", fault);
            }
        }
        try
        {
            return new(path, LockFile.Acquire(LockPath(path)));
        }
        catch (FsException fault) when (fault.Error == FsError.EBUSY)
        {
            throw new FsException(
                FsError.EBUSY, $"the data directory {fault.Message}; stop it, or name another with --data", fault);
        }
    }

    public void Dispose() => _lock.Dispose();
}
