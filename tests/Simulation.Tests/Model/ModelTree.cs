using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Simulation.Tests.Model;

/// <summary>
/// A tree that one client alone changes. Each <c>Check</c> says which errors an operation may answer (none: it must
/// succeed); the methods beside them do what the operation does.
/// </summary>
internal sealed class ModelTree
{
    private readonly List<TreeVersion> _versions = [];

    public ModelTree(ModelNode root)
    {
        Root = root;
        NoteChange();
    }

    public ModelNode Root { get; }

    /// <summary>How many changes there have been.</summary>
    public int Changes => _versions[^1].Changes;

    /// <summary>What the tree was since it was last durable, the present first.</summary>
    public IReadOnlyList<TreeVersion> Versions => [.. Enumerable.Reverse(_versions)];

    /// <summary>Something was changed.</summary>
    public void NoteChange() => _versions.Add(TreeVersion.Of(this, _versions.Count == 0 ? 0 : Changes + 1));

    /// <summary>What there is now survives power cuts.</summary>
    public void NoteDurable() => _versions.RemoveRange(0, _versions.Count - 1);

    /// <summary>All directories, parents first.</summary>
    public List<ModelNode> Directories()
    {
        var found = new List<ModelNode> { Root };
        for (var i = 0; i < found.Count; i++) found.AddRange(found[i].Entries.Values.Where(static n => n.IsDirectory));
        return found;
    }

    /// <summary>Every entry: directory, name, node.</summary>
    public IEnumerable<(ModelNode Directory, string Name, ModelNode Node)> Entries() =>
        Directories().SelectMany(static d => d.Entries.Select(entry => (d, entry.Key, entry.Value)));

    public static FsError[] CheckMake(ModelNode directory, string name) =>
        directory.Entries.ContainsKey(name) ? [FsError.EEXIST] : [];

    public static void Make(ModelNode directory, string name, ModelNode node)
    {
        directory.Entries.Add(name, node);
        if (node.IsDirectory) node.Parent = directory;
    }

    public static FsError[] CheckLink(ModelNode target, ModelNode directory, string name)
    {
        var errors = new List<FsError>();
        if (target.IsDirectory) errors.Add(FsError.EPERM);
        if (directory.Entries.ContainsKey(name)) errors.Add(FsError.EEXIST);
        return [.. errors];
    }

    public static void Link(ModelNode target, ModelNode directory, string name)
    {
        directory.Entries.Add(name, target);
        target.Links++;
    }

    public static FsError[] CheckUnlink(ModelNode directory, string name)
    {
        if (!directory.Entries.TryGetValue(name, out var node)) return [FsError.ENOENT];
        return node.IsDirectory ? [FsError.EISDIR] : [];
    }

    public static FsError[] CheckRemoveDirectory(ModelNode directory, string name)
    {
        if (!directory.Entries.TryGetValue(name, out var node)) return [FsError.ENOENT];
        if (!node.IsDirectory) return [FsError.ENOTDIR];
        return node.Entries.Count > 0 ? [FsError.ENOTEMPTY] : [];
    }

    public static void Remove(ModelNode directory, string name)
    {
        directory.Entries.Remove(name, out var node);
        node!.Links--;
        if (node.IsDirectory) node.Parent = null;
    }

    public static FsError[] CheckRename(
        ModelNode from, string name, ModelNode to, string newName, RenameFlags flags)
    {
        if (!from.Entries.TryGetValue(name, out var moved)) return [FsError.ENOENT];
        var errors = new List<FsError>();
        var replaced = to.Entries.GetValueOrDefault(newName);
        if (moved.IsDirectory && to.IsWithin(moved)) errors.Add(FsError.EINVAL);
        if (flags == RenameFlags.Exchange)
        {
            if (replaced is null) errors.Add(FsError.ENOENT);
            else if (replaced.IsDirectory && from.IsWithin(replaced)) errors.Add(FsError.EINVAL);
            return [.. errors];
        }

        if (replaced is null) return [.. errors];
        if (flags == RenameFlags.NoReplace) return [FsError.EEXIST, .. errors];
        if (replaced == moved) return [.. errors];
        if (moved.IsDirectory && !replaced.IsDirectory) errors.Add(FsError.ENOTDIR);
        if (!moved.IsDirectory && replaced.IsDirectory) errors.Add(FsError.EISDIR);
        if (replaced.IsDirectory && replaced.Entries.Count > 0) errors.Add(FsError.ENOTEMPTY);
        return [.. errors];
    }

    public static void Rename(ModelNode from, string name, ModelNode to, string newName, RenameFlags flags)
    {
        var moved = from.Entries[name];
        var replaced = to.Entries.GetValueOrDefault(newName);
        if (replaced == moved) return;
        if (flags == RenameFlags.Exchange)
        {
            from.Entries[name] = replaced!;
            if (replaced!.IsDirectory) replaced.Parent = from;
        }
        else
        {
            if (replaced is not null) Remove(to, newName);
            from.Entries.Remove(name);
        }

        to.Entries[newName] = moved;
        if (moved.IsDirectory) moved.Parent = to;
    }
}
