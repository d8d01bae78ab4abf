using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Model.Tests.Reference;
using ClaudeFs.Model.Tests.Systems;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Runs;

/// <summary>
/// Holds one system's answers against the model's. What a system chooses itself, inode numbers and times, is compared
/// with what it showed before.
/// </summary>
internal sealed class Comparison(ITestedSystem system, ModelSystem model)
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly Dictionary<ulong, ulong> _inodes = [];
    private readonly Dictionary<ulong, ulong> _numbers = [];
    private readonly Dictionary<ulong, Shown> _shown = [];

    public ITestedSystem System => system;

    /// <summary>Null when the answer is right, else what is wrong with it.</summary>
    public string? Check(Operation op, ModelNode? subject, Outcome expected, Outcome answer)
    {
        if (op.Kind is OperationKind.SeekData or OperationKind.SeekHole && subject is not null
            && expected.Error is FsError.None or FsError.ENXIO)
        {
            return Differences.IsSeekRight(subject, op, answer) ? null : $"{answer}, expected about {expected}";
        }

        if (expected.Error != answer.Error) return $"{answer}, expected {expected}";
        if (expected.Error != FsError.None) return null;
        if (expected.Value != answer.Value || expected.Text != answer.Text) return $"{answer}, expected {expected}";
        if (expected.Bytes is { } bytes) return CheckBytes(bytes, answer.Bytes!);
        if (expected.Names is { } names) return CheckNames(names, answer.Names!);
        return expected.Stat is { } stat ? CheckStat(model.NodeOf(stat.Inode), stat, answer.Stat!.Value) : null;
    }

    private static string? CheckBytes(byte[] expected, byte[] bytes)
    {
        if (expected.Length != bytes.Length) return $"{bytes.Length} bytes, expected {expected.Length}";
        var same = expected.AsSpan().CommonPrefixLength(bytes);
        if (same == bytes.Length) return null;
        var wrong = Enumerable.Range(same, bytes.Length - same).Count(i => bytes[i] != expected[i]);
        return $"{wrong} of {bytes.Length} bytes are wrong, from byte {same}: {bytes[same]}, expected {expected[same]}";
    }

    private string? CheckNames(List<ListedName> expected, List<ListedName> names)
    {
        var given = names.Select(static n => (n.Name, n.Type));
        if (!expected.Select(static n => (n.Name, n.Type)).SequenceEqual(given))
        {
            return $"{new Outcome { Names = names }}, expected {new Outcome { Names = expected }}";
        }

        return expected.Zip(names).Select(pair => CheckInode(pair.First.Inode, pair.Second.Inode))
            .FirstOrDefault(static wrong => wrong is not null);
    }

    private string? CheckInode(ulong number, ulong inode)
    {
        if (!_inodes.TryAdd(number, inode))
        {
            return _inodes[number] == inode ? null : $"inode {inode} was {_inodes[number]} before";
        }

        if (_numbers.TryAdd(inode, number) || Differences.ReusesInodes(system.Kind)) return null;
        return $"inode {inode} is that of another file";
    }

    private string? CheckStat(ModelNode node, StatView expected, StatView now)
    {
        var wrong = CheckInode(expected.Inode, now.Inode);
        if (wrong is not null) return wrong;
        var size = Differences.HasSize(system.Kind, node) ? now.SizeBytes : expected.SizeBytes;
        var comparable = now with
        {
            Inode = expected.Inode, SizeBytes = size, Atime = 0, Mtime = 0, Ctime = 0,
        };
        if (comparable != expected) return $"{comparable}, expected {expected}";
        return CheckTimes(node, now);
    }

    private string? CheckTimes(ModelNode node, StatView now)
    {
        var marks = new Shown(now, node.Atime, node.Mtime, node.Ctime);
        var before = _shown.GetValueOrDefault((ulong)node.Number);
        _shown[(ulong)node.Number] = marks;
        if (before is null) return null;
        var wrong = CheckTime("mtime", before.Mtime, node.Mtime, before.Stat.Mtime, now.Mtime)
            ?? CheckTime("ctime", before.Ctime, node.Ctime, before.Stat.Ctime, now.Ctime);
        if (wrong is not null || !Differences.HasAtime(system.Kind)) return wrong;
        return CheckTime("atime", before.Atime, node.Atime, before.Stat.Atime, now.Atime);
    }

    private string? CheckTime(string name, ModelTime before, ModelTime after, long last, long now)
    {
        if (after.Seconds is { } seconds)
        {
            return now == seconds * NanosecondsPerSecond ? null : $"{name} is {now}, was set to {seconds} s";
        }

        if (before.Chances != after.Chances) return null;
        if (before.Moves == after.Moves) return now == last ? null : $"{name} moved by {now - last} ns";
        var isRight = Differences.HasCoarseClock(system.Kind) ? now >= last : now > last;
        return isRight ? null : $"{name} should have moved forward, and did by {now - last} ns";
    }

    private sealed record Shown(StatView Stat, ModelTime Atime, ModelTime Mtime, ModelTime Ctime);
}
