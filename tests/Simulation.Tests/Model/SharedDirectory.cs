using ClaudeFs.Primitives;

namespace ClaudeFs.Simulation.Tests.Model;

/// <summary>A file of the shared directory: its content is one version over and over.</summary>
internal sealed class SharedFile(InodeId inode, int lengthBytes)
{
    public InodeId Inode { get; set; } = inode;

    public int LengthBytes => lengthBytes;

    /// <summary>Version of the content; 0 is empty.</summary>
    public Register<ulong> Content { get; } = new(0);

    public override string ToString() => Inode.ToString();
}

/// <summary>What the strands know of the directory in which all work.</summary>
internal sealed class SharedDirectory
{
    private const int NamesEach = 5;

    private readonly SortedDictionary<string, Register<SharedFile?>> _names = new(StringComparer.Ordinal);
    private long _now;

    public InodeId Inode { get; set; }

    /// <summary>Each strand's own: finds out whether its session is over, with what it had not made durable.</summary>
    public List<Action> Losing { get; } = [];

    /// <summary>Sessions may end before their clients know.</summary>
    public void NoteLosses()
    {
        foreach (var losing in Losing) losing();
    }

    /// <summary>Names that one strand alone changes.</summary>
    public IEnumerable<KeyValuePair<string, Register<SharedFile?>>> Names => _names;

    /// <summary>Every call is an event of its own.</summary>
    public long Now() => ++_now;

    public Register<SharedFile?> this[string name] => _names[name];

    /// <summary>The names of a strand.</summary>
    public string[] AddNames(string owner)
    {
        var names = Enumerable.Range(0, NamesEach).Select(i => $"{owner}-{i}").ToArray();
        foreach (var name in names) _names.Add(name, new Register<SharedFile?>(null));
        return names;
    }
}
