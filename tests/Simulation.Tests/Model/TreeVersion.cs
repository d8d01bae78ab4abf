namespace ClaudeFs.Simulation.Tests.Model;

/// <summary>A tree as it once was: names, links and extended attributes, not what files hold.</summary>
internal sealed class TreeVersion
{
    private readonly List<NodeVersion> _nodes = [];

    private TreeVersion(int changes) => Changes = changes;

    /// <summary>How many changes there had been.</summary>
    public int Changes { get; }

    public static TreeVersion Of(ModelTree tree, int changes)
    {
        var version = new TreeVersion(changes);
        var nodes = tree.Entries().Select(static entry => entry.Node).Prepend(tree.Root).Distinct();
        foreach (var node in nodes)
            version._nodes.Add(new(node, node.Links, node.Parent, [.. node.Entries], [.. node.Xattrs]));
        return version;
    }

    /// <summary>The tree is so again.</summary>
    public void Restore()
    {
        foreach (var (node, links, parent, entries, xattrs) in _nodes)
        {
            (node.Links, node.Parent) = (links, parent);
            node.Entries.Clear();
            node.Xattrs.Clear();
            foreach (var (name, child) in entries) node.Entries.Add(name, child);
            foreach (var (name, value) in xattrs) node.Xattrs.Add(name, value);
        }
    }

    private sealed record NodeVersion(
        ModelNode Node, int Links, ModelNode? Parent, KeyValuePair<string, ModelNode>[] Entries,
        KeyValuePair<string, byte[]>[] Xattrs);
}
