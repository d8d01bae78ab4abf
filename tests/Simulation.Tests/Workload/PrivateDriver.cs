using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.Simulation.Tests.Model;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>Operations in a directory that no other strand touches: each answer is checked against the model.</summary>
internal sealed partial class PrivateDriver(
    string name, SimulatedClient client, SimulatedWorld world, int seed, OperationCounts counts)
    : Driver(name, client, world, seed, counts)
{
    private const int DirectoriesMax = 8;
    private const int OpenFilesMax = 6;
    private const int WalksMax = 120;
    private static readonly TimeSpan WalkPause = TimeSpan.FromMilliseconds(500);

    private static readonly string[] Names =
        ["a", "b", "c", "d", "e", "f", "\u00fc \u2603", new string('n', Limits.NameBytesMax)];

    private readonly List<ModelNode> _orphans = [];
    private ModelTree _tree = null!;
    private Action? _pending;
    private SessionId _session;
    private int _client;

    private IFileSystem Files => Client.Files;

    protected override bool IsSessionLost => Client.Session != _session;

    public override async Task PrepareAsync()
    {
        var root = await Files.EnsureDirectoryAsync(InodeId.Root, Name);
        _tree = new ModelTree(new ModelNode(root, ModelKind.Directory));
        _session = Client.Session;
        _client = Client.Start;
    }

    /// <inheritdoc />
    public override async Task RecoverAsync()
    {
        foreach (var node in OpenNodes())
        {
            if (_client == Client.Start)
            {
                // What fsync answers for now is there, although session and silo may have been others: a loss is told.
                var synced = await Files.SyncAsync(node.Inode, false, CancellationToken.None);
                Note($"fsync {node.Inode} after a loss", synced.Error.ToString());
                if (!synced.IsError && !node.IsLossTold) node.Content.NoteSynced();
                await CloseAllAsync(node);
            }

            node.Handles.Clear();
        }

        _client = Client.Start;
        _orphans.Clear();
        (await FindStateAsync()).Adopt();
        _tree.Root.Changed = default;
        _tree.NoteChange();
        _tree.NoteDurable();
        _pending = null;
        _session = Client.Session;
        Note("recover", "as it must be");
    }

    // The tree becomes what was found: as it is known, with the operation done that was cut off, or without the last
    // operations of a client that is answered before they are committed.
    private async Task<TreeVerifier> FindStateAsync()
    {
        var versions = _tree.Versions;
        var (fault, verifier) = await VerifyPatientlyAsync();
        if (fault is null) return verifier;
        if (_pending is not null)
        {
            _pending();
            (var otherwise, verifier) = await VerifyPatientlyAsync();
            if (otherwise is null) return verifier;
            fault = $"{fault}; and with the last operation done: {otherwise}";
        }

        foreach (var version in versions.Skip(1))
        {
            version.Restore();
            (var otherwise, verifier) = await VerifyPatientlyAsync(changes: version.Changes);
            if (otherwise is null) return verifier;
            fault = $"{fault}; and without everything after {version.Changes} of {_tree.Changes} changes: {otherwise}";
        }

        throw new SimulationFailureException($"{Name} after a cut: {fault}");
    }

    /// <inheritdoc />
    public override async Task VerifyAsync()
    {
        var (fault, _) = await VerifyPatientlyAsync(isAfterLoss: false);
        if (fault is not null) throw new SimulationFailureException($"{Name} at the end: {fault}");
    }

    // While the silo is away, or the session's end is not known yet, a walk tells nothing and is done again.
    private async Task<(string? Fault, TreeVerifier Verifier)> VerifyPatientlyAsync(
        bool isAfterLoss = true, int changes = int.MaxValue)
    {
        for (var walk = 1; ; walk++)
        {
            var verifier = new TreeVerifier(Files, isAfterLoss, mayHaveHoles: !Client.IsEmbedded, changes);
            var fault = await verifier.FindFaultAsync(_tree);
            if (fault is null || !verifier.IsCutOff || walk == WalksMax) return (fault, verifier);
            await Task.Delay(WalkPause, Client.Process.Time);
        }
    }

    protected override async Task StepAsync()
    {
        try
        {
            await RecoverLostSessionAsync();
            await DrawAsync();
        }
        catch (SimulationFailureException) when (IsSessionLost)
        {
            // The session went with the answer: what it was is found out as after a cut.
            await RecoverAsync();
        }
    }

    private Task DrawAsync() => Random.Next(100) switch
    {
        < 11 => CreateAsync(),
        < 15 => MakeDirectoryAsync(),
        < 17 => MakeSymlinkAsync(),
        < 21 => LinkAsync(),
        < 26 => UnlinkAsync(),
        < 29 => RemoveDirectoryAsync(),
        < 37 => RenameAsync(),
        < 58 => WriteAsync(),
        < 69 => ReadAsync(),
        < 76 => StatAsync(),
        < 80 => TruncateAsync(),
        < 87 => SyncAsync(),
        < 91 => ListAsync(),
        < 95 => LookUpAsync(),
        < 97 => ReadLinkAsync(),
        < 99 => SetXattrAsync(),
        _ => SyncDirectoryAsync(),
    };

    // One operation: what it may answer, what it does to the model when it succeeds.
    private async Task DoAsync(
        string operation, FsError[] expected, Func<Task<FsError>> call, Action? apply = null,
        bool mayHaveHappened = true)
    {
        _pending = expected.Length == 0 && mayHaveHappened ? apply : null;
        var error = await call();
        Note(operation, error.ToString());
        if (Answers.IsUnknown(error) && Client.MayFail)
        {
            await RecoverAsync();
            return;
        }

        Answers.Check($"{Name} {operation}", error, expected);
        _pending = null;
        if (error != FsError.None || apply is null) return;
        apply();
        _tree.NoteChange();
        if (!Client.IsEmbedded) _tree.NoteDurable();
    }

    private ModelNode DrawDirectory()
    {
        var directories = _tree.Directories();
        return directories[Random.Next(directories.Count)];
    }

    private string DrawName() => Names[Random.Next(Names.Length)];

    private (ModelNode Directory, string Name, ModelNode Node)? DrawEntry(Func<ModelNode, bool> isWanted)
    {
        var entries = _tree.Entries().Where(entry => isWanted(entry.Node)).ToList();
        return entries.Count == 0 ? null : entries[Random.Next(entries.Count)];
    }

    private ModelNode? DrawFile()
    {
        if (_orphans.Count > 0 && Random.Next(8) == 0) return _orphans[Random.Next(_orphans.Count)];
        return DrawEntry(static node => node.Kind == ModelKind.File)?.Node;
    }

    private List<ModelNode> OpenNodes() =>
    [
        .. _tree.Entries().Select(static entry => entry.Node).Concat(_orphans)
            .Where(static n => n.Handles.Count > 0).Distinct(),
    ];

    private async Task CloseAllAsync(ModelNode node)
    {
        foreach (var handle in node.Handles.ToArray())
        {
            await Files.ReleaseAsync(node.Inode, handle, CancellationToken.None);
        }

        node.Handles.Clear();
        _orphans.Remove(node);
    }

    // A node that lost its last name lives on while it is open.
    private void NoteRemoved(ModelNode? node)
    {
        if (node is { Kind: ModelKind.File, Links: 0 } && node.Handles.Count > 0) _orphans.Add(node);
    }
}
