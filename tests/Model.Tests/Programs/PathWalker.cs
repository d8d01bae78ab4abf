using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Programs;

/// <summary>Where a path leads. <paramref name="Node"/> is null when the last name is not there.</summary>
internal sealed record Place<TNode>(TNode Directory, FsName Name, TNode? Node) where TNode : class;

/// <summary>
/// Path resolution as the kernel does it over an inode-level file system: what the client library and the model have
/// no kernel for. The local file system and the mount say whether it is right. Source: path_resolution(7).
/// </summary>
internal abstract class PathWalker<TNode> where TNode : class
{
    private const int LinksMax = 40;

    protected abstract bool IsDirectory(TNode node);

    protected abstract bool IsSymlink(TNode node);

    /// <summary>Null when the name is not there.</summary>
    protected abstract ValueTask<FsResult<TNode?>> LookupAsync(TNode directory, FsName name);

    protected abstract ValueTask<FsResult<string>> TargetAsync(TNode symlink);

    /// <summary>Leads to a node that is there. Errors: ENOENT and those of <see cref="WalkAsync"/>.</summary>
    public async ValueTask<FsResult<TNode>> FindAsync(TNode root, string path, bool follow)
    {
        if (path.Length == 0) return root;
        var place = await WalkAsync(root, path, follow);
        if (place.IsError) return place.Error;
        return place.Value.Node is { } node ? new FsResult<TNode>(node, FsError.None) : FsError.ENOENT;
    }

    /// <summary>
    /// Leads to a name that may be missing; <paramref name="follow"/>: also through a symlink there. Errors: ENOENT,
    /// ENOTDIR, ELOOP, ENAMETOOLONG.
    /// </summary>
    public async ValueTask<FsResult<Place<TNode>>> WalkAsync(TNode root, string path, bool follow)
    {
        var (directory, linksLeft) = (root, LinksMax);
        var names = new Stack<string>(path.Split('/').Reverse());
        while (true)
        {
            if (!IsDirectory(directory)) return FsError.ENOTDIR;
            var error = FsName.TryParse(System.Text.Encoding.UTF8.GetBytes(names.Pop()), out var name);
            if (error != FsError.None) return error;
            var found = await LookupAsync(directory, name);
            if (found.IsError) return found.Error;
            var (node, isLast) = (found.Value, names.Count == 0);
            if (node is not null && IsSymlink(node) && (follow || !isLast))
            {
                if (linksLeft-- == 0) return FsError.ELOOP;
                var target = await TargetAsync(node);
                if (target.IsError) return target.Error;
                foreach (var part in target.Value.Split('/').Reverse()) names.Push(part);
                continue;
            }

            if (isLast) return new Place<TNode>(directory, name, node);
            if (node is null) return FsError.ENOENT;
            directory = node;
        }
    }
}
