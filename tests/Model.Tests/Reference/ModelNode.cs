namespace ClaudeFs.Model.Tests.Reference;

/// <summary>
/// A time of the model: how often it moved, how often it was free to move or not, and its value if somebody set one.
/// </summary>
internal readonly record struct ModelTime(int Moves, int Chances, long? Seconds)
{
    public ModelTime Moved() => new(Moves + 1, Chances, null);

    public ModelTime MaybeMoved() => new(Moves, Chances + 1, null);

    public ModelTime Set(long seconds) => new(Moves + 1, Chances, seconds);
}

/// <summary>What an inode of the model is.</summary>
internal sealed class ModelNode(int number, uint mode, uint uid, uint gid)
{
    /// <summary>Tells it from all others of the same run, those that are gone too.</summary>
    public int Number => number;

    public uint Mode { get; set; } = mode;

    public uint Uid { get; set; } = uid;

    public uint Gid { get; set; } = gid;

    public uint Nlink { get; set; } = FileMode.IsDirectory(mode) ? 2u : 1u;

    public ulong Rdev { get; init; }

    public string? Target { get; init; }

    /// <summary>Of a directory.</summary>
    public ModelNode? Parent { get; set; }

    public SortedDictionary<string, ModelNode> Entries { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, byte[]> Xattrs { get; } = new(StringComparer.Ordinal);

    public ModelContent Content { get; } = new();

    public ModelTime Atime { get; set; }

    public ModelTime Mtime { get; set; }

    public ModelTime Ctime { get; set; }

    public bool IsDirectory => FileMode.IsDirectory(Mode);

    public bool IsRegular => FileMode.IsRegular(Mode);

    public bool IsSymlink => FileMode.IsSymlink(Mode);

    public long SizeBytes => IsDirectory ? Entries.Count : Target?.Length ?? Content.SizeBytes;

    public void Change() => Ctime = Ctime.Moved();

    public void Modify() => (Mtime, Ctime) = (Mtime.Moved(), Ctime.Moved());

    public bool IsWithin(ModelNode ancestor)
    {
        for (var directory = this; ; directory = directory.Parent)
        {
            if (directory == ancestor) return true;
            if (directory.Parent is null) return false;
        }
    }
}

/// <summary>An open file of the model.</summary>
internal sealed record ModelFile(ModelNode Node, int Flags);
