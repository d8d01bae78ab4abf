using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Reference;

/// <summary>
/// A file system in memory, written from man pages and the kernel's fs/*.c, not from ours. All callers are root.
/// </summary>
internal sealed partial class ModelSystem : PathWalker<ModelNode>
{
    private readonly ModelFile?[] _files = new ModelFile?[Operation.Clients * Operation.SlotsPerClient];
    private readonly List<ModelNode> _nodes = [];

    public ModelSystem() => Root = New(FileMode.Directory | 0x1ED, "");

    public ModelNode Root { get; }

    /// <summary>What the last operation changed or named: worth a look.</summary>
    public HashSet<ModelNode> Touched { get; } = [];

    /// <summary>Open files by slot.</summary>
    public IReadOnlyList<ModelFile?> Files => _files;

    /// <summary>The node that a <see cref="StatView.Inode"/> of the model names, also one that is gone.</summary>
    public ModelNode NodeOf(ulong number) => _nodes[(int)number];

    /// <summary>Every name: path and node, parents first.</summary>
    public List<(string Path, ModelNode Node)> Paths()
    {
        var found = new List<(string Path, ModelNode Node)> { ("", Root) };
        for (var i = 0; i < found.Count; i++)
        {
            var (path, node) = found[i];
            found.AddRange(node.Entries.Select(
                entry => (path.Length == 0 ? entry.Key : $"{path}/{entry.Key}", entry.Value)));
        }

        return found;
    }

    public async ValueTask<Outcome> RunAsync(Operation op)
    {
        Touched.Clear();
        if (op.Kind == OperationKind.SetTimes && op.SetsNoTime()) return Outcome.Done;
        var outcome = op.Kind switch
        {
            OperationKind.Create or OperationKind.Open or OperationKind.Close or OperationKind.Read
                or OperationKind.Write or OperationKind.Sync or OperationKind.FTruncate or OperationKind.Allocate
                or OperationKind.SeekData or OperationKind.SeekHole or OperationKind.CopyRange
                or OperationKind.FStat or OperationKind.FChangeMode or OperationKind.FSetTimes =>
                await RunFileAsync(op),
            OperationKind.MakeDirectory or OperationKind.MakeNode or OperationKind.Symlink or OperationKind.Link
                or OperationKind.Rename or OperationKind.RenameNoReplace or OperationKind.RenameExchange
                or OperationKind.Unlink or OperationKind.RemoveDirectory => await RunNameAsync(op),
            OperationKind.SpaceStat or OperationKind.Audit => Outcome.Done,
            _ => await RunNodeAsync(op),
        };
        return outcome;
    }

    protected override bool IsDirectory(ModelNode node) => node.IsDirectory;

    protected override bool IsSymlink(ModelNode node) => node.IsSymlink;

    protected override ValueTask<FsResult<ModelNode?>> LookupAsync(ModelNode directory, FsName name) =>
        new(new FsResult<ModelNode?>(directory.Entries.GetValueOrDefault(name.ToString()), FsError.None));

    protected override ValueTask<FsResult<string>> TargetAsync(ModelNode symlink) => new(symlink.Target!);

    private static StatView View(ModelNode node) => new(
        (ulong)node.Number, node.Mode, node.Nlink, node.Uid, node.Gid, node.Rdev, node.SizeBytes, 0, 0, 0);

    private ModelNode New(uint mode, string target, ulong rdev = 0, uint gid = 0)
    {
        var node = new ModelNode(_nodes.Count, mode, 0, gid)
        {
            Target = FileMode.IsSymlink(mode) ? target : null,
            Rdev = rdev,
        };
        _nodes.Add(node);
        return node;
    }

    private static void Enter(ModelNode directory, string name, ModelNode child)
    {
        directory.Entries.Add(name, child);
        if (!child.IsDirectory) return;
        directory.Nlink++;
        child.Parent = directory;
    }

    private static void Leave(ModelNode directory, string name)
    {
        directory.Entries.Remove(name, out var child);
        if (child!.IsDirectory) directory.Nlink--;
    }

    private void Touch(params ModelNode[] nodes)
    {
        foreach (var node in nodes) Touched.Add(node);
    }
}
