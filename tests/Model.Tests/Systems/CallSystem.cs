using System.Buffers.Binary;
using System.Text;
using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Systems;

/// <summary>A directory that is reached by system calls, over a path for each client; made and removed.</summary>
internal sealed partial class CallSystem : ITestedSystem
{
    private const int SeekDataWhence = 3;
    private const int SeekHoleWhence = 4;
    private const int PathBytesMax = 4096;

    private static readonly string[] RenameKinds =
        [nameof(OperationKind.Rename), nameof(OperationKind.RenameNoReplace), nameof(OperationKind.RenameExchange)];

    private readonly string[] _roots;
    private readonly int[] _files = new int[Operation.Clients * Operation.SlotsPerClient];

    // Modes are what the program says.
    static CallSystem() => _ = Calls.Umask(0);

    /// <summary>The directories are one and the same, seen by each client.</summary>
    public CallSystem(SystemKind kind, params string[] roots)
    {
        Kind = kind;
        _roots = roots;
        Array.Fill(_files, -1);
        Check(Calls.MakeDirectory(roots[0], 0x1ED), $"mkdir {roots[0]}");
    }

    public SystemKind Kind { get; }

    public ValueTask<Outcome> RunAsync(Operation op) => new(Run(op));

    public ValueTask DisposeAsync()
    {
        foreach (var file in _files.Where(static file => file >= 0)) Calls.Close(file);
        Directory.Delete(_roots[0], recursive: true);
        return default;
    }

    private static void Check(int answer, string what) =>
        Assert.True(answer >= 0, $"{what}: {Calls.ErrorOf(answer)}");

    private string At(Operation op, string path) =>
        path.Length == 0 ? _roots[op.Client] : $"{_roots[op.Client]}/{path}";

    private Outcome Run(Operation op)
    {
        var path = At(op, op.Path);
        return op.Kind switch
        {
            OperationKind.Stat => Stat(path, Calls.AtNoFollow),
            OperationKind.StatFollow => Stat(path, 0),
            OperationKind.SyncDirectory => SyncDirectory(path),
            OperationKind.Truncate => Calls.ErrorOf(Calls.Truncate(path, op.Length)),
            OperationKind.MakeDirectory => Calls.ErrorOf(Calls.MakeDirectory(path, (uint)op.Mode)),
            OperationKind.MakeNode => Calls.ErrorOf(Calls.MakeNode(path, (uint)op.Mode, (ulong)op.Data)),
            OperationKind.Symlink => Calls.ErrorOf(Calls.Symlink(op.Other, path)),
            OperationKind.ReadLink => ReadLink(path),
            OperationKind.Link => Calls.ErrorOf(Calls.Link(path, At(op, op.Other))),
            OperationKind.Rename or OperationKind.RenameNoReplace or OperationKind.RenameExchange =>
                Calls.ErrorOf(Calls.Rename(
                    Calls.AtCurrent, path, Calls.AtCurrent, At(op, op.Other),
                    (uint)Array.IndexOf(RenameKinds, $"{op.Kind}"))),
            OperationKind.Unlink => Calls.ErrorOf(Calls.Unlink(path)),
            OperationKind.RemoveDirectory => Calls.ErrorOf(Calls.RemoveDirectory(path)),
            OperationKind.ChangeMode => Calls.ErrorOf(Calls.ChangeMode(path, (uint)op.Mode)),
            OperationKind.ChangeOwner => Calls.ErrorOf(Calls.ChangeOwner(path, (uint)op.Uid, (uint)op.Gid)),
            OperationKind.SetTimes => Calls.ErrorOf(Calls.SetTimes(Calls.AtCurrent, path, TimesOf(op), 0)),
            OperationKind.SetXattr =>
                Calls.ErrorOf(Calls.SetXattr(path, op.Other, op.Bytes(), (nint)op.Length, op.Flags)),
            OperationKind.GetXattr => GetXattr(path, op),
            OperationKind.ListXattr => ListXattr(path),
            OperationKind.RemoveXattr => Calls.ErrorOf(Calls.RemoveXattr(path, op.Other)),
            OperationKind.List => List(path),
            OperationKind.SpaceStat => Calls.ErrorOf(Calls.SpaceStat(path, new long[32])),
            OperationKind.ReadFile => ReadFile(path, op),
            OperationKind.Audit => Outcome.Done,
            _ => RunFile(op, path),
        };
    }

    private static Outcome Stat(string path, int flags, int descriptor = Calls.AtCurrent)
    {
        var error = Calls.ErrorOf(Calls.StatAt(descriptor, path, out var stat, flags));
        if (error != FsError.None) return error;
        const long NanosecondsPerSecond = 1_000_000_000;
        return new()
        {
            Stat = new(
                stat.Inode, stat.Mode, (uint)stat.Nlink, stat.Uid, stat.Gid, stat.Rdev, stat.SizeBytes,
                (stat.AtimeSeconds * NanosecondsPerSecond) + stat.AtimeNanoseconds,
                (stat.MtimeSeconds * NanosecondsPerSecond) + stat.MtimeNanoseconds,
                (stat.CtimeSeconds * NanosecondsPerSecond) + stat.CtimeNanoseconds),
        };
    }

    private static Calls.TimeSpec[] TimesOf(Operation op)
    {
        return [Of(op.Offset), Of(op.Length)];

        static Calls.TimeSpec Of(long seconds) => seconds switch
        {
            Times.Now => new(0, (1 << 30) - 1),
            Times.Omit => new(0, (1 << 30) - 2),
            _ => new(seconds, 0),
        };
    }

    private static Outcome SyncDirectory(string path)
    {
        var directory = Calls.Open(path, OpenFlags.Directory | OpenFlags.CloseOnExec, 0);
        if (directory < 0) return Calls.ErrorOf(directory);
        var error = Calls.ErrorOf(Calls.Sync(directory));
        Check(Calls.Close(directory), $"close {path}");
        return error;
    }

    private static Outcome ReadLink(string path)
    {
        var target = new byte[PathBytesMax];
        var length = Calls.ReadLink(path, target, target.Length);
        if (length < 0) return Calls.ErrorOf(length);
        return new Outcome { Text = Encoding.UTF8.GetString(target, 0, (int)length) };
    }

    private static Outcome GetXattr(string path, Operation op)
    {
        var value = new byte[Math.Max(1, op.Length)];
        var length = Calls.GetXattr(path, op.Other, value, (nint)op.Length);
        if (length < 0) return Calls.ErrorOf(length);
        return op.Length == 0 ? new Outcome { Value = length } : new() { Bytes = value[..(int)length] };
    }

    private static Outcome ListXattr(string path)
    {
        var names = new byte[Limits.XattrListBytesMax];
        var length = Calls.ListXattr(path, names, names.Length);
        return length < 0 ? Calls.ErrorOf(length) : new Outcome { Text = NamesOf(names.AsSpan(0, (int)length)) };
    }

    /// <summary>Names that are ended by NULs, in byte order.</summary>
    public static string NamesOf(ReadOnlySpan<byte> names) => string.Join(
        ',', Encoding.UTF8.GetString(names).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Order(StringComparer.Ordinal));

    private static Outcome List(string path)
    {
        var directory = Calls.Open(path, OpenFlags.Directory | OpenFlags.CloseOnExec, 0);
        if (directory < 0) return Calls.ErrorOf(directory);
        var names = new List<ListedName>();
        var page = new byte[1000]; // small: listings go on from their cookies
        nint count;
        while ((count = Calls.GetEntries(directory, page, page.Length)) > 0)
        {
            for (var at = 0; at < count;)
            {
                var entry = page.AsSpan(at);
                at += BinaryPrimitives.ReadUInt16LittleEndian(entry[16..]);
                var name = Encoding.UTF8.GetString(entry[19..(19 + entry[19..].IndexOf((byte)0))]);
                if (name is "." or "..") continue;
                names.Add(new(name, BinaryPrimitives.ReadUInt64LittleEndian(entry), entry[18]));
            }
        }

        var error = Calls.ErrorOf(count);
        Check(Calls.Close(directory), $"close {path}");
        if (error != FsError.None) return error;
        return new Outcome { Names = [.. names.OrderBy(static n => n.Name, StringComparer.Ordinal)] };
    }
}
