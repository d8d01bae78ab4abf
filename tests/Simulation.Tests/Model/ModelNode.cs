using ClaudeFs.Primitives;

namespace ClaudeFs.Simulation.Tests.Model;

internal enum ModelKind
{
    File,
    Directory,
    Symlink,
}

/// <summary>A file, directory or symlink as the model knows it.</summary>
internal sealed class ModelNode(InodeId inode, ModelKind kind)
{
    /// <summary>The extended attributes that are ever set.</summary>
    public static readonly string[] XattrNames = ["user.a", "user.b"];

    /// <summary>None until it is known: an operation whose answer was lost made it.</summary>
    public InodeId Inode { get; set; } = inode;

    public ModelKind Kind { get; } = kind;

    /// <summary>Names that lead here.</summary>
    public int Links { get; set; } = 1;

    /// <summary>Of a directory; sorted, so that what is drawn from them hangs on the seed alone.</summary>
    public SortedDictionary<string, ModelNode> Entries { get; } = new(StringComparer.Ordinal);

    /// <summary>Of a directory.</summary>
    public ModelNode? Parent { get; set; }

    /// <summary>Of a file.</summary>
    public ModelContent Content { get; } = new();

    /// <summary>Of a symlink.</summary>
    public string Target { get; init; } = "";

    /// <summary>Extended attributes of a file.</summary>
    public SortedDictionary<string, byte[]> Xattrs { get; } = new(StringComparer.Ordinal);

    /// <summary>The latest time of change that was shown.</summary>
    public Stamp Changed { get; set; }

    /// <summary>An fsync or close has told that something of a file is lost; the next need not tell again.</summary>
    public bool IsLossTold { get; set; }

    /// <summary>Open handles of a file.</summary>
    public List<ulong> Handles { get; } = [];

    public bool IsDirectory => Kind == ModelKind.Directory;

    /// <summary>Number of links that stat shows.</summary>
    public uint StatLinks =>
        IsDirectory ? 2 + (uint)Entries.Values.Count(static entry => entry.IsDirectory) : (uint)Links;

    public bool IsWithin(ModelNode ancestor)
    {
        for (var node = this; node is not null; node = node.Parent)
        {
            if (node == ancestor) return true;
        }

        return false;
    }
}
