using System.Collections.Concurrent;
using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Runs;

/// <summary>How often each operation and each errno was drawn. Thread-safe.</summary>
internal sealed class Coverage
{
    private readonly ConcurrentDictionary<OperationKind, int> _kinds = new();
    private readonly ConcurrentDictionary<FsError, int> _errors = new();

    /// <summary>What a sample that is worth something has met.</summary>
    public static readonly FsError[] Errors =
    [
        FsError.None, FsError.EPERM, FsError.ENOENT, FsError.ENXIO, FsError.E2BIG, FsError.EBADF, FsError.EEXIST,
        FsError.ENOTDIR, FsError.EISDIR, FsError.EINVAL, FsError.EFBIG, FsError.ERANGE, FsError.ENAMETOOLONG,
        FsError.ENOTEMPTY, FsError.ELOOP, FsError.ENODATA, FsError.EOPNOTSUPP,
    ];

    public void Count(OperationKind kind, FsError error)
    {
        _kinds.AddOrUpdate(kind, 1, static (_, count) => count + 1);
        _errors.AddOrUpdate(error, 1, static (_, count) => count + 1);
    }

    /// <summary>Operations and errnos that were never drawn.</summary>
    public IEnumerable<string> Missing() =>
        Enum.GetValues<OperationKind>().Where(kind => !_kinds.ContainsKey(kind)).Select(static kind => $"{kind}")
            .Concat(Errors.Where(error => !_errors.ContainsKey(error)).Select(static error => $"{error}"));

    public override string ToString() =>
        $"{_kinds.Values.Sum()} operations: "
        + string.Join(", ", _kinds.OrderBy(static k => k.Key).Select(static k => $"{k.Key} {k.Value}"))
        + "\nanswers: "
        + string.Join(", ", _errors.OrderBy(static e => e.Key).Select(static e => $"{e.Key} {e.Value}"));
}
