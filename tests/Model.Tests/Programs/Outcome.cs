using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Programs;

/// <summary>What stat shows. Times in nanoseconds since 1970.</summary>
internal readonly record struct StatView(
    ulong Inode, uint Mode, uint Nlink, uint Uid, uint Gid, ulong Rdev, long SizeBytes, long Atime, long Mtime,
    long Ctime);

/// <summary>One name of a listing.</summary>
internal readonly record struct ListedName(string Name, ulong Inode, byte Type);

/// <summary>What an operation answered.</summary>
internal sealed record Outcome
{
    public static readonly Outcome Done = new();

    public FsError Error { get; init; }

    /// <summary>Bytes moved, or an offset.</summary>
    public long Value { get; init; }

    public byte[]? Bytes { get; init; }

    public string? Text { get; init; }

    public StatView? Stat { get; init; }

    /// <summary>A listing in byte order, without "." and "..".</summary>
    public List<ListedName>? Names { get; init; }

    public static implicit operator Outcome(FsError error) => error == FsError.None ? Done : new() { Error = error };

    public override string ToString() => Error != FsError.None ? $"{Error}"
        : Stat is { } stat ? $"{stat}"
        : Names is { } names ? string.Join(' ', names.Select(static n => $"{n.Name}:{n.Type}:{n.Inode}"))
        : Bytes is { } bytes ? $"{bytes.Length} bytes"
        : Text ?? $"{Value}";
}
