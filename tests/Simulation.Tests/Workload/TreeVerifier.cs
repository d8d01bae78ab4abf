using System.Text;
using ClaudeFs.Client;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Model;

namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>Walks a tree through a client and compares all of it with the model.</summary>
/// <param name="files">The client.</param>
/// <param name="isAfterLoss">Content need only be what it may be after a power cut.</param>
/// <param name="mayHaveHoles">
/// The client lived on without its session: what it wrote was lost, and what it did next, perhaps to the same file
/// before the loss was told by a close or fsync, was not.
/// </param>
/// <param name="changes">So many changes of names survived: nothing that was written later did.</param>
internal sealed class TreeVerifier(
    IFileSystem files, bool isAfterLoss, bool mayHaveHoles = false, int changes = int.MaxValue)
{
    private readonly List<(ModelNode Node, InodeId Inode, byte[]? Content)> _found = [];

    /// <summary>An answer was missing: the difference may be none.</summary>
    public bool IsCutOff { get; private set; }

    /// <summary>The first difference; null when there is none.</summary>
    public async Task<string?> FindFaultAsync(ModelTree tree)
    {
        foreach (var directory in tree.Directories())
        {
            if (await CheckDirectoryAsync(directory) is { } fault) return fault;
        }

        return null;
    }

    /// <summary>After a walk without a difference: what was found is what the model says from here on.</summary>
    public void Adopt()
    {
        foreach (var (node, inode, content) in _found)
        {
            node.Inode = inode;
            node.Changed = default;
            node.IsLossTold = false;
            if (content is not null && isAfterLoss) node.Content.Adopt(content);
        }
    }

    private async Task<string?> CheckDirectoryAsync(ModelNode directory)
    {
        var inode = KnownInode(directory);
        var listing = await files.ReadDirectoryAsync(inode, withAttributes: true);
        if (listing.IsError) return Missing($"readdir of {inode}", listing.Error);
        var names = listing.Value.Select(static entry => Encoding.UTF8.GetString(entry.Name.Span)).ToList();
        var expected = directory.Entries.Keys.ToList();
        if (!names.Order(StringComparer.Ordinal).SequenceEqual(expected))
        {
            return $"directory {inode} has [{string.Join(", ", names)}], expected [{string.Join(", ", expected)}]";
        }

        for (var i = 0; i < names.Count; i++)
        {
            var node = directory.Entries[names[i]];
            var fault = await CheckNodeAsync(node, listing.Value[i].Inode);
            if (fault is not null) return $"{names[i]} ({node.Inode}) in directory {inode}: {fault}";
        }

        return null;
    }

    private async Task<string?> CheckNodeAsync(ModelNode node, InodeId inode)
    {
        if (!node.Inode.IsNone && node.Inode != inode) return $"inode {inode}, expected {node.Inode}";
        var stat = await files.GetAttributesAsync(inode, CancellationToken.None);
        if (stat.IsError) return Missing($"stat of {inode}", stat.Error);
        var attributes = stat.Value.Attributes;
        if (attributes.Nlink != node.StatLinks) return $"{attributes.Nlink} links, expected {node.StatLinks}";
        if (attributes.IsDirectory != node.IsDirectory || attributes.IsRegular != (node.Kind == ModelKind.File))
        {
            return $"mode {attributes.Mode:x}, expected a {node.Kind}";
        }

        byte[]? bytes = null;
        if (node.Kind == ModelKind.File)
        {
            var content = await files.ReadFileAsync(inode);
            if (content.IsError) return Missing($"read of {inode}", content.Error);
            bytes = content.Value;
            if (CheckContent(node.Content, bytes, attributes) is { } fault) return fault;
            if (await CheckXattrsAsync(node, inode) is { } other) return other;
        }

        _found.Add((node, inode, bytes));
        return null;
    }

    private async Task<string?> CheckXattrsAsync(ModelNode node, InodeId inode)
    {
        foreach (var name in ModelNode.XattrNames)
        {
            var expected = node.Xattrs.GetValueOrDefault(name);
            var found = await files.GetXattrAsync(inode, FsName.Of(name), CancellationToken.None);
            if (found.Error == FsError.ENODATA && expected is null) continue;
            if (found.IsError) return Missing($"getxattr {name} of {inode}", found.Error);
            if (!found.Value.Span.SequenceEqual(expected)) return $"another value of {name}";
        }

        return null;
    }

    private string? CheckContent(ModelContent expected, byte[] found, in InodeAttributes attributes)
    {
        if (attributes.SizeBytes != (ulong)found.Length)
            return $"size {attributes.SizeBytes}, {found.Length} bytes read";
        if (isAfterLoss) return expected.FindLoss(found, mayHaveHoles, changes);
        return found.AsSpan().SequenceEqual(expected.Bytes)
            ? null
            : $"{found.Length} bytes that differ from the {expected.SizeBytes} expected at "
                + $"{found.AsSpan().CommonPrefixLength(expected.Bytes)}";
    }

    private string Missing(string operation, FsError error)
    {
        IsCutOff |= Answers.IsUnknown(error);
        return $"{operation}: {error}";
    }

    private InodeId KnownInode(ModelNode node)
    {
        if (!node.Inode.IsNone) return node.Inode;
        return _found.Find(found => found.Node == node).Inode;
    }
}
