using System.Collections.Immutable;
using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Model;

/// <summary>
/// Random operations of two sessions, drawn from a seed, against the grains and the model: the error, every attribute
/// of every
/// inode and every listing are compared after each. Some operations are repeated with their id; now and then the silo
/// is
/// restarted, in good order or by a cut.
/// </summary>
internal sealed partial class ModelRun(int seed, TestSilo silo)
{
    private const int NodesMax = 40;
    private static readonly TimeSpan StepTimeMax = TimeSpan.FromSeconds(20);
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];
    private static readonly Caller[] Callers = [Caller.Root, new(1000, 100), new(1001, 100)];
    private static readonly string[] XattrNames = ["user.a", "user.b", "trusted.c"];

    private readonly Random _random = new(seed);
    private readonly PosixModel _model = new();
    private readonly Queue<Func<Task>> _retries = new();
    private readonly List<string> _trace = [];
    private TestClient[] _clients = [];
    private TestClient _client = null!;
    private uint _slot;

    public async Task RunAsync(int operations)
    {
        _clients = [await TestClient.OpenAsync(silo, 11), await TestClient.OpenAsync(silo, 12)];
        _model.Root.Last = await _clients[0].StatAsync(InodeId.Root);
        try
        {
            for (var i = 0; i < operations; i++)
            {
                await StepAsync().WaitAsync(StepTimeMax);
                await CheckAllAsync(isListing: i % 7 == 0).WaitAsync(StepTimeMax);
            }

            await FinishAsync();
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException(
                $"Seed {seed}, after: {string.Join("; ", _trace.TakeLast(12))}: {exception.Message}", exception);
        }
    }

    private async Task StepAsync()
    {
        _client = _clients[_random.Next(_clients.Length)];
        _client.Caller = Callers[_random.Next(Callers.Length)];
        var what = _random.Next(100);
        await (what switch
        {
            < 24 => MakeAsync(),
            < 30 => LinkAsync(),
            < 42 => RemoveAsync(isRmdir: false),
            < 48 => RemoveAsync(isRmdir: true),
            < 66 => RenameAsync(),
            < 72 => ChangeModeAsync(),
            < 76 => ChangeOwnerAsync(),
            < 81 => TruncateAsync(),
            < 87 => WriteAsync(),
            < 91 => SetXattrAsync(),
            < 95 => ForgetAsync(),
            < 98 => RetryAsync(),
            98 => LookupAsync(),
            _ => RestartAsync(),
        });
    }

    private async Task MakeAsync()
    {
        var directory = PickDirectory();
        var name = Pick(Names);
        var kind = _random.Next(10);
        var mode = kind < 4 ? FileMode.Directory | 0x1ED : kind == 9 ? FileMode.Fifo | 0x1A4 : FileMode.Regular | 0x1A4;
        if (_random.Next(6) == 0) mode |= FileMode.IsDirectory(mode) ? FileMode.Sticky : FileMode.SetUid;
        var target = kind == 8 ? "to/where" : null;
        if (target is not null) mode = FileMode.Symlink | 0x1FF;
        if (_model.Nodes.Count >= NodesMax) return;
        var op = _client.Op(directory.Inode);
        var request = new MakeRequest(mode, 0, target is null ? null : System.Text.Encoding.UTF8.GetBytes(target));
        Trace($"make {name} in {directory.Number} mode {mode:x}");
        var made = await silo.Directory(directory.Inode).MakeAsync(op, FsName.Of(name), request);
        Expect(_model.Make(directory, name, mode, target, _client.Caller, out var node), made.Error);
        if (made.IsError) return;
        node!.Inode = made.Value.Attributes.Inode;
        node.Last = made.Value.Attributes;
        var id = directory.Inode;
        Repeat(async () => Same(made.Value.Attributes, (await silo.Directory(id).MakeAsync(op, FsName.Of(name),
            request)).Value.Attributes));
    }

    private async Task LinkAsync()
    {
        var directory = PickDirectory();
        var target = Pick(_model.Nodes);
        var name = Pick(Names);
        Trace($"link {name} in {directory.Number} to {target.Number}");
        var op = _client.Op(directory.Inode);
        var linked = await silo.Directory(directory.Inode).LinkAsync(op, FsName.Of(name), target.Inode);
        Expect(PosixModel.Link(directory, name, target), linked.Error);
        if (linked.IsError) return;
        var id = directory.Inode;
        Repeat(async () => Same(linked.Value.Attributes,
            (await silo.Directory(id).LinkAsync(op, FsName.Of(name), target.Inode)).Value.Attributes));
    }

    private async Task RemoveAsync(bool isRmdir)
    {
        var directory = PickDirectory();
        var name = PickName(directory);
        var what = isRmdir ? "rmdir" : "unlink";
        Trace($"{what} {name} in {directory.Number} by {_client.Id} uid {_client.Caller.Uid}");
        var op = _client.Op(directory.Inode);
        var removed = await CallAsync(op);
        Expect(PosixModel.Remove(directory, name, isRmdir, _client.Caller, _client.Id.Value), removed.Error);
        if (removed.IsError) return;
        Repeat(async () => Same(removed.Value, (await CallAsync(op)).Value));

        ValueTask<FsResult<RemovedReply>> CallAsync(OperationContext context) => isRmdir
            ? silo.Directory(directory.Inode).RemoveDirectoryAsync(context, FsName.Of(name))
            : silo.Directory(directory.Inode).UnlinkAsync(context, FsName.Of(name));
    }

    private async Task RenameAsync()
    {
        var from = PickDirectory();
        var to = _random.Next(3) == 0 ? from : PickDirectory();
        var name = PickName(from);
        var newName = PickName(to);
        var flags = _random.Next(5) switch
        {
            0 => RenameFlags.NoReplace,
            1 => RenameFlags.Exchange,
            _ => RenameFlags.None,
        };
        Trace($"rename {name} of {from.Number} to {newName} of {to.Number} {flags}");
        var op = _client.Op(from.Inode);
        var renamed = await CallAsync();
        var error = PosixModel.Rename(from, name, to, newName, flags, _client.Caller, _client.Id.Value, out var moved,
            out _);
        Expect(error, renamed.Error);
        if (renamed.IsError) return;
        Same(moved!.Inode, renamed.Value.Moved.Inode);
        Repeat(async () => Same(renamed.Value, (await CallAsync()).Value));

        ValueTask<FsResult<RenamedReply>> CallAsync() => silo.Directory(from.Inode).RenameAsync(
            op, FsName.Of(name), to.Inode, FsName.Of(newName), flags);
    }

    private async Task ChangeModeAsync()
    {
        var node = Pick(_model.Nodes);
        var mode = (uint)_random.Next(0x1000);
        Trace($"chmod {node.Number} {mode:x}");
        await SetAsync(node, new AttributesChange { Mask = AttributeMask.Mode, Mode = mode });
        node.Mode = (node.Mode & FileMode.TypeMask) | mode;
        node.Change();
    }

    private async Task ChangeOwnerAsync()
    {
        var node = Pick(_model.Nodes);
        var owner = Callers[_random.Next(Callers.Length)];
        Trace($"chown {node.Number} {owner.Uid}");
        await SetAsync(node,
            new AttributesChange { Mask = AttributeMask.Uid | AttributeMask.Gid, Uid = owner.Uid, Gid = owner.Gid });
        (node.Uid, node.Gid) = (owner.Uid, owner.Gid);
        if (!node.IsDirectory)
        {
            node.Mode &= ~FileMode.SetUid;
            if ((node.Mode & 8) != 0) node.Mode &= ~FileMode.SetGid;
        }

        node.Change();
    }

    private async Task TruncateAsync()
    {
        var node = Pick(_model.Nodes);
        var size = (ulong)_random.Next(4) * 1_500_000 + (ulong)_random.Next(5000);
        Trace($"truncate {node.Number} {size}");
        var op = _client.Op(node.Inode);
        var change = new AttributesChange { Mask = AttributeMask.Size, SizeBytes = size };
        var set = await GrainOf(node).SetAttributesAsync(op, change);
        Expect(PosixModel.Truncate(node, size), set.Error);
    }

    private async Task SetXattrAsync()
    {
        var node = Pick(_model.Nodes);
        var name = Pick(XattrNames);
        var mode = (XattrMode)_random.Next(3);
        var value = (byte)_random.Next(256);
        var isRemoval = _random.Next(3) == 0;
        Trace($"xattr {name} of {node.Number} {mode} {isRemoval}");
        var op = _client.Op(node.Inode);
        var result = isRemoval
            ? await GrainOf(node).RemoveXattrAsync(op, FsName.Of(name))
            : await GrainOf(node).SetXattrAsync(op, FsName.Of(name), [value], mode);
        var had = node.Xattrs.ContainsKey(name);
        var error = (isRemoval || mode == XattrMode.Replace) && !had ? FsError.ENODATA
            : !isRemoval && mode == XattrMode.Create && had ? FsError.EEXIST : FsError.None;
        Expect(error, result.Error);
        if (result.IsError) return;
        if (isRemoval) node.Xattrs.Remove(name);
        else node.Xattrs[name] = value;
        node.Change();
    }

    private async Task WriteAsync()
    {
        var node = Pick(_model.Nodes);
        if (!node.IsRegular) return;
        var isInline = node.Last.AllocatedBytes <= Limits.InlineBytesMax && node.SizeBytes <= 4096
            && _random.Next(2) == 0;
        var request = isInline ? InlineWrite() : ExtentWrite(node);
        Trace($"write {node.Number} {(isInline ? "inline" : "extents")} {request.SizeBytes}");
        var op = _client.Op(node.Inode);
        var written = await silo.Inode(node.Inode).WriteAsync(op, request);
        Expect(FsError.None, written.Error);
        node.SizeBytes = request.Inline is null ? Math.Max(node.SizeBytes, request.SizeBytes) : request.SizeBytes;
        node.Modify();
        var first = written.Value.Attributes;
        Repeat(async () => Same(first, (await silo.Inode(node.Inode).WriteAsync(op, request)).Value.Attributes));
    }

    private WriteRequest InlineWrite()
    {
        var bytes = new byte[_random.Next(1, 4097)];
        return new(bytes, [], (ulong)bytes.Length, default, false, 0);
    }

    private WriteRequest ExtentWrite(ModelNode node)
    {
        var updates = ImmutableArray.CreateBuilder<Extent>();
        var end = 0UL;
        for (var index = (uint)_random.Next(2); index < 4; index += (uint)_random.Next(1, 3))
        {
            var offset = (uint)_random.Next(200) * 4096;
            var length = (uint)_random.Next(1, 17) * 4096;
            var kind = (PieceKind)_random.Next(4);
            updates.Add(new(index, [Piece(offset, length, kind)]));
            if (kind != PieceKind.Hole) end = ((ulong)index << 20) + offset + length;
        }

        return new(null, updates.DrainToImmutable(), Math.Max(end, node.SizeBytes), default, false, 0);
    }

    private ExtentPiece Piece(uint offset, uint length, PieceKind kind) => kind is PieceKind.Hole or PieceKind.Unwritten
        ? new(offset, length, kind, 0, default, 0, 0, 0, default)
        : new(offset, length, kind, 0, new(new(1), ++_slot), length, 0, 1, default);

    private async Task ForgetAsync()
    {
        var orphans = _model.Nodes.FindAll(node => node.Nlink == 0);
        if (orphans.Count == 0) return;
        var node = Pick(orphans);
        Trace($"forget {node.Number} by {_client.Id}");
        await GrainOf(node).ForgetOrphanAsync(_client.Id);
        _model.Forget(node, _client.Id.Value);
        if (!_model.Nodes.Contains(node)) Expect(FsError.ESTALE,
            (await GrainOf(node).GetAttributesAsync(_client.Id)).Error);
    }

    private async Task LookupAsync()
    {
        var directory = PickDirectory();
        var name = Pick(Names);
        Trace($"lookup {name} in {directory.Number}");
        var found = await silo.Directory(directory.Inode).LookupAsync(_client.Id, FsName.Of(name));
        Expect(FsError.None, found.Error);
        var expected = directory.Entries.TryGetValue(name, out var node) ? node.Inode : InodeId.None;
        Same(expected, found.Value.Attributes.Inode);
    }

    private async Task SetAsync(ModelNode node, AttributesChange change)
    {
        var op = _client.Op(node.Inode);
        var set = await GrainOf(node).SetAttributesAsync(op, change);
        Expect(FsError.None, set.Error);
        Repeat(async () =>
            Same(set.Value.Attributes, (await GrainOf(node).SetAttributesAsync(op, change)).Value.Attributes));
    }

    private async Task RetryAsync()
    {
        Trace("retry");
        if (_retries.Count > 0) await _retries.Last()();
    }

    private async Task RestartAsync()
    {
        var isCut = _random.Next(2) == 0;
        Trace($"restart, cut: {isCut}");
        await silo.RestartAsync(isCut);
        foreach (var client in _clients) Expect(FsError.None, (await client.ReturnAsync()).Error);
        await RetryAsync();
    }

    private IInodeOperations GrainOf(ModelNode node) =>
        node.IsDirectory ? silo.Directory(node.Inode) : silo.Inode(node.Inode);

    private ModelNode PickDirectory() => Pick(_model.Nodes.FindAll(node => node.IsDirectory));

    // Mostly a name that is there.
    private string PickName(ModelNode directory) =>
        directory.Entries.Count > 0 && _random.Next(4) > 0 ? Pick([.. directory.Entries.Keys]) : Pick(Names);

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    // Only the newest may be repeated: a later one has acknowledged nothing, but the window of numbers is short.
    private void Repeat(Func<Task> again)
    {
        _retries.Enqueue(again);
        if (_retries.Count > 1) _retries.Dequeue();
    }

    private void Trace(string what) => _trace.Add(what);

    private static void Expect(FsError expected, FsError actual) => Same(expected, actual);

    private static void Same<T>(T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new InvalidOperationException($"expected {expected}, got {actual}");
        }
    }
}
