using System.Text;
using ClaudeFs.Client;
using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Systems;

/// <summary>A node that a path led to.</summary>
internal sealed record LibraryNode(InodeAttributes Attributes)
{
    public InodeId Inode => Attributes.Inode;
}

/// <summary>Path resolution over a client library: the kernel's part.</summary>
internal sealed class LibraryWalker(IFileSystem client) : PathWalker<LibraryNode>
{
    protected override bool IsDirectory(LibraryNode node) => node.Attributes.IsDirectory;

    protected override bool IsSymlink(LibraryNode node) => FileMode.IsSymlink(node.Attributes.Mode);

    protected override async ValueTask<FsResult<LibraryNode?>> LookupAsync(LibraryNode directory, FsName name)
    {
        var found = await client.LookupAsync(directory.Inode, name, CancellationToken.None);
        if (found.IsError) return found.Error;
        return new(found.Value.Attributes.Inode.IsNone ? null : new(found.Value.Attributes), FsError.None);
    }

    protected override async ValueTask<FsResult<string>> TargetAsync(LibraryNode symlink)
    {
        var target = await client.ReadLinkAsync(symlink.Inode, CancellationToken.None);
        return target.IsError ? target.Error : Encoding.UTF8.GetString(target.Value.Span);
    }
}
